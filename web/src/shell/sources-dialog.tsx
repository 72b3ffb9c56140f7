// The sources on a phone, whose bar has no foot.
import { Dialog } from '../ui/dialog.tsx';
import { Sources } from './sources.tsx';

export default function SourcesDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Sources" onClose={onClose}>
      <Sources />
    </Dialog>
  );
}
