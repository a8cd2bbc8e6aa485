'use strict';
// A PDF in the browser's own viewer: it is read whole, with its title. Prints its pages.
//
// pdf.js FILE TITLE
const path = require('path');
const { chromium } = require('playwright-core');
const LOADS_WITHIN_MS = 10000;
const shown = (seen, title) => seen && seen.title.includes(title) && seen.pages >= 1;
(async () => {
  const [file, title] = process.argv.slice(2);
  // The viewer is there only in the whole browser, without a window.
  const executablePath = process.env.BROWSER_CHROMIUM;
  const browser = await chromium.launch({ executablePath, headless: false, args: ['--headless=new', '--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 900, height: 1200 } });
  await page.goto('file://' + path.resolve(file));
  let seen = null;
  for (const end = Date.now() + LOADS_WITHIN_MS; Date.now() < end && !shown(seen, title); ) {
    await page.waitForTimeout(200);
    const viewer = page.frames().find((f) => f.url().startsWith('chrome-extension:'));
    if (!viewer) continue;
    seen = await viewer.evaluate(() => {
      const bar = document.querySelector('pdf-viewer')?.shadowRoot?.querySelector('viewer-toolbar');
      return bar && { title: bar.docTitle, pages: bar.docLength };
    });
  }
  if (process.env.PDF_PICTURE) await page.screenshot({ path: process.env.PDF_PICTURE });
  await browser.close();
  if (!shown(seen, title)) {
    console.error(`${file}: ${JSON.stringify(seen)}`);
    process.exit(1);
  }
  console.log(seen.pages);
})();
