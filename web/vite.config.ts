// How the pages are built: relative assets (the server writes <base href> for its URL prefix), nothing inlined (strict content policy).
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = process.env.UMBEL_API ?? 'http://127.0.0.1:5555';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome125', 'firefox128', 'safari18'],
    cssTarget: ['chrome125', 'firefox128', 'safari18'],
    cssCodeSplit: false,
    rolldownOptions: {
      input: ['index.html', 'sign-in.html', 'clusters.html'].map((page) => `${import.meta.dirname}/${page}`),
      // What every page loads is few files: in many small ones the same words are compressed again and again.
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\//, priority: 3 },
            {
              name: 'base',
              test: /web\/src\/(language\/[a-z]+\.|api\/|ui\/(button|icon|format|toaster)\.)|shared\/format\//,
              priority: 2,
            },
            {
              name: 'frame',
              test: /node_modules\/@tanstack\/(?!react-virtual|virtual-core)|web\/src\/(live\/|shell\/(layout|rail|places|shortcuts|sources|live-switch|unheard|failed|sign-out)\.)/,
              priority: 1,
            },
          ],
        },
      },
    },
    license: { fileName: 'THIRD-PARTY-NOTICES.md' },
    reportCompressedSize: false,
  },
  server: { port: 5173, proxy: { '/api': { target: api, ws: true } } },
});
