// The page of all clusters, a document of its own: it is of no one cluster, and the pages of each stay as they are where there is one.
import { mount } from '../shell/mount.tsx';
import { ClustersPage } from './page.tsx';

mount(<ClustersPage />);
