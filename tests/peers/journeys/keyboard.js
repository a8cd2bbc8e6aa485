// The same by keyboard alone: Tab, Enter, Space and arrows, and it is always seen where one is.
'use strict';
const { check } = require('../browser/lib');
const { Site, until } = require('../browser/site');
const { Walk } = require('./walk');

/** So often Tab may be pressed to come anywhere on a page. */
const TABS_MAX = 70;

/** Tab until that is reached; whatever has the focus on the way shows it, within the window. */
async function tabTo(walk, selector) {
  for (let n = 1; n <= TABS_MAX; n += 1) {
    await walk.page.keyboard.press('Tab');
    const at = await walk.page.evaluate((wanted) => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const shown = e.matches('input[type=radio],input[type=checkbox]') ? e.closest('label') || e : e;
      const marks = [e, shown].map((it) => globalThis.getComputedStyle(it));
      const outlined = marks.some((s) => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== 'none');
      const box = shown.getBoundingClientRect();
      const seen = box.bottom > 0 && box.top < globalThis.innerHeight;
      return { is: e.matches(wanted), outlined, seen, html: e.outerHTML.slice(0, 90) };
    }, selector);
    if (!at) continue;
    check(at.outlined, `${walk.name}: ${walk.page.url()} does not show the focus on ${at.html}`);
    check(at.seen, `${walk.name}: ${walk.page.url()} has the focus outside of the window: ${at.html}`);
    if (at.is) return n;
  }
  throw new Error(`${walk.name}: ${walk.page.url()}: ${selector} is not reached with ${TABS_MAX} tabs`);
}

async function press(walk, selector, to) {
  const tabs = await tabTo(walk, selector);
  await walk.page.keyboard.press('Enter');
  if (to) await walk.page.waitForURL(to);
  await walk.page.waitForLoadState();
  return tabs;
}

/** From the page of the device's link. */
const away = (url) => !url.pathname.startsWith('/device/');

module.exports = async function keyboard(browser, how) {
  const site = await Site.start('keyboard');
  const it = await Walk.of(browser, 'IT by keyboard', how);
  let tabs = 0;
  await it.page.goto(site.deviceLink('it-bered'));
  await press(it, 'main form button', away);
  tabs += await press(it, 'main a[href="/report"]', '**/report');
  tabs += await press(it, 'a[href="/report?playbook=ehr-down"]', '**/report?playbook=*');
  tabs += await tabTo(it, 'input[name=level]');
  await it.page.keyboard.press('ArrowDown');
  const level = await it.page.locator('input[name=level]:checked').getAttribute('value');
  check(level !== 'major', `${it.name}: an arrow chooses another level: ${level}`);
  tabs += await press(it, '#report button.main', '**/report/check*');
  tabs += await press(it, 'button.send', '**/report/sent*');

  const tib = await Walk.of(browser, 'TiB by keyboard', how);
  await tib.page.goto(site.deviceLink('tib'));
  await press(tib, 'main form button', away);
  await press(tib, 'form[action="/now"] button', '**/?done=answered*');

  const kib = await Walk.of(browser, 'KiB by keyboard', how);
  await kib.page.goto(await site.link('+46701740609'));
  await tabTo(kib, 'section.sheet details:has(textarea[name="text.sv"]) > summary');
  await kib.page.keyboard.press('Space');
  await tabTo(kib, 'textarea[name="text.sv"]');
  await kib.page.keyboard.press('End');
  const works = kib.page.locator('section.sheet input[name=works]');
  if (await works.count()) {
    await kib.page.reload();
    await tabTo(kib, 'section.sheet input[name=works]');
    await kib.page.keyboard.press('Space');
  }
  await press(kib, 'section.sheet button[value=approve]');
  await until('an approval by keyboard', async () => (await site.api('GET', '/incidents/1')).messages.some((m) => m.released_by && JSON.stringify(m.released_by).includes('kib')));
  console.log(`         a report takes ${tabs} tabs`);
  await Promise.all([it, tib, kib].map((who) => who.end()));
  await site.end();
};
