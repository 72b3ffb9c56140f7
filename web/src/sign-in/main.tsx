// The sign-in page, a document of its own: strangers load no more than this. It knows nothing of the cluster.
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../styles/index.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { SignInPage } from './page.tsx';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SignInPage search={new URLSearchParams(location.search)} />
  </StrictMode>,
);
