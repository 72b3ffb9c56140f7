// Sets theme and density before first paint. A file of its own because the content policy forbids inline scripts.
// The same keys are read and written by src/shell/preferences.ts.
(() => {
  try {
    const kept = JSON.parse(localStorage.getItem('umbel.preferences') || '{}');
    const root = document.documentElement;
    if (kept.theme === 'light' || kept.theme === 'dark') root.dataset.theme = kept.theme;
    if (kept.density === 'compact' || kept.density === 'roomy') root.dataset.density = kept.density;
  } catch {
    // Storage is forbidden or holds something else: the system's theme is a good one.
  }
})();
