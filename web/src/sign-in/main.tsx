// The sign-in page, a document of its own: strangers load no more than this. It knows nothing of the cluster.
import { mount } from '../shell/mount.tsx';
import { SignInPage } from './page.tsx';

mount(<SignInPage search={new URLSearchParams(location.search)} />);
