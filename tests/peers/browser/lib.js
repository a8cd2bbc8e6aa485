// What all steps share: the browser, a judge that counts, and what is asked of every page.
'use strict';
const fs = require('fs');
const { chromium } = require('playwright-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1366, height: 768 };
const NARROW = { width: 320, height: 640 };

let failed = 0;
let held = 0;

/** Something must hold; what does not is said and counted, and the rest still runs. */
function check(holds, what) {
  if (holds) {
    held += 1;
  } else {
    failed += 1;
    console.error(`FAILED ${what}`);
  }
}

/** A step with a name and its time. A step that throws has failed. */
async function step(name, run) {
  const began = Date.now();
  try {
    await run();
  } catch (error) {
    check(false, `${name}: ${error.stack || error}`);
  }
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${name}`);
}

function ended() {
  console.log(`${held} held, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function browser() {
  return chromium.launch({ executablePath: process.env.BROWSER_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A person with a device of that size, in that language; what a page says wrong on its console fails the run. */
async function person(of, { viewport = PHONE, lang = 'sv', script = true, dark = false } = {}) {
  const context = await of.newContext({
    viewport,
    locale: lang === 'sv' ? 'sv-SE' : 'en-GB',
    javaScriptEnabled: script,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  page.on('console', (line) => {
    if (line.type() === 'error' && !/Failed to load resource/.test(line.text())) check(false, `${page.url()} says: ${line.text()}`);
  });
  page.on('pageerror', (error) => check(false, `${page.url()}: ${error}`));
  page.on('dialog', async (dialog) => {
    check(false, `${page.url()} opened a dialogue: ${dialog.message()}`);
    await dialog.dismiss();
  });
  return page;
}

/** WCAG 2.1 AA by axe-core: no violation. */
async function accessible(page, where) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }),
  );
  for (const violation of found.violations) {
    const nodes = violation.nodes.slice(0, 3).map((node) => `${node.target.join(' ')}: ${node.failureSummary}`);
    check(false, `${where}: axe ${violation.id} (${violation.impact}) ${nodes.join(' | ')}`);
  }
  check(found.passes.length > 0, `${where}: axe looked at something`);
}

/** Nobody scrolls sideways. */
async function fits(page, where) {
  const [scroll, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, globalThis.innerWidth]);
  check(scroll <= inner, `${where}: ${scroll} px wide in a window of ${inner}`);
}

/** Things to press are large enough for a thumb (44 px; links within sentences aside, WCAG 2.5.5). */
async function pressable(page, where) {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, .button, summary, select, input:not([type=hidden])')]
      .filter((it) => it.checkVisibility())
      .map((it) => [it, (it.matches('input[type=radio],input[type=checkbox]') ? it.closest('label') || it : it).getBoundingClientRect()])
      .filter(([, box]) => box.height > 0 && box.height < 43.5)
      .map(([it, box]) => `${it.outerHTML.slice(0, 80)} (${Math.round(box.height)} px)`),
  );
  check(small.length === 0, `${where}: too small to press: ${small.slice(0, 3).join(' | ')}`);
}

module.exports = { PHONE, DESK, NARROW, check, step, ended, browser, person, accessible, fits, pressable };
