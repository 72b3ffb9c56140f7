// The page of all clusters, a document of its own: it is of no one cluster, and the pages of each stay as they are where there is one.
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../styles/index.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ClustersPage } from './page.tsx';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <ClustersPage />
  </StrictMode>,
);
