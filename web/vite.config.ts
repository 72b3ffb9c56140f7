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
    rolldownOptions: { input: ['index.html', 'sign-in.html'].map((page) => `${import.meta.dirname}/${page}`) },
    license: { fileName: 'THIRD-PARTY-NOTICES.md' },
    reportCompressedSize: false,
  },
  server: { port: 5173, proxy: { '/api': { target: api, ws: true } } },
});
