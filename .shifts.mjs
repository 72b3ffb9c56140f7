import { chromium } from 'playwright';
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const css of ['', '.dt tbody.virtual > tr { position: static !important; transform: none !important }']) {
  const page = await b.newPage({ viewport: { width: 1440, height: 900 } }); await page.goto('http://127.0.0.1:5977/tasks'); await page.waitForTimeout(1500); await page.mouse.move(700, 20);
  await page.evaluate(`(() => { if (${JSON.stringify(css)}) { const s = new CSSStyleSheet(); s.replaceSync(${JSON.stringify(css)}); document.adoptedStyleSheets = [s]; } window.n = 0; window.all = []; new PerformanceObserver((l) => { for (const e of l.getEntries()) { n++; for (const s of e.sources) { all.push((s.node?.parentElement?.closest('.tasks-table tbody') ? 'row ' : 'other ') + s.node?.nodeName + '.' + (s.node?.className ?? '')); } } }).observe({ type: 'layout-shift' }); })()`);
  await page.waitForTimeout(8000);
  console.log(css ? 'static' : 'transform', await page.evaluate('JSON.stringify([n, all.slice(0, 8), all.filter(x => x.startsWith("row")).length])')); await page.close();
}
await b.close();
