// The sources on a phone, whose bar has no foot.
import { t } from '../language/text.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Sources } from './sources.tsx';

export default function SourcesDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('Sources')} onClose={onClose}>
      <Sources />
    </Dialog>
  );
}
