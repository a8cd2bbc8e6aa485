// A no with its reason and another text, seen by whoever is asked next; and an end before the end: all is stopped.
'use strict';
const { check } = require('../browser/lib');
const { Site, until } = require('../browser/site');
const { Walk } = require('./walk');

const PUBLIC = 'section.sheet:has(h2:text-matches("allmänheten|public"))';

module.exports = async function no(browser, how) {
  const site = await Site.start(`no-${how.script ? 'script' : 'bare'}`);
  // Two sessions: TiB's device reports, KiB's says no.
  const tib = await Walk.of(browser, 'TiB', how);
  await tib.in(site, 'tib');
  await tib.page.goto(`${site.console}/report?playbook=ehr-down`);
  await tib.go('#report button.main', '**/report/check*');
  await tib.go('button.send', '**/report/sent*');
  const kib = await Walk.of(browser, 'KiB', how);
  await kib.in(site, 'kib');
  await kib.page.goto(site.console + '/');
  const first = kib.page.locator('a[href^="/approve/1-"]');
  const paths = await first.evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  for (const path of paths) {
    await kib.page.goto(site.console + path);
    if (await kib.page.locator(PUBLIC).count()) break;
  }
  await kib.tap(`${PUBLIC} details:has(input[name=reason]) > summary`);
  await kib.tap(`${PUBLIC} button[value=reject]`);
  check((await kib.page.locator(`${PUBLIC} input[name=reason]`).count()) === 1, `${kib.name}: a no without a reason is none`);
  await kib.page.fill(`${PUBLIC} input[name=reason]`, 'Obegriplig för den som inte arbetar här');
  const wording = 'Just nu kan vi inte läsa din journal.';
  const instead = kib.page.locator(`${PUBLIC} textarea[name="instead.sv"]`);
  const before = await kib.page.locator(`${PUBLIC} textarea[name="text.sv"]`).inputValue();
  await instead.fill(before.replace(/Vi kan inte läsa i din journal som vanligt\./, wording));
  await kib.tap(`${PUBLIC} button[value=reject]`);
  // With a text instead it is KiB's own change: a new number, which KiB reads and approves or not.
  await kib.says(how.lang === 'sv' ? 'Texten är ändrad' : 'The text');
  await kib.says(wording);
  check((await kib.page.locator(`${PUBLIC} button[value=approve]`).count()) === 1, `${kib.name}: the new text waits for a yes`);
  // A no alone: its buttons go, and whoever is asked next reads why.
  await kib.tap(`${PUBLIC} details:has(input[name=reason]) > summary`);
  await kib.page.fill(`${PUBLIC} input[name=reason]`, 'Fråga vårdens ledning');
  await kib.tap(`${PUBLIC} button[value=reject]`);
  await kib.says('Fråga vårdens ledning');
  check((await kib.page.locator('section.sheet button[value=approve]').count()) === 0, `${kib.name}: after a no there are no buttons`);
  const waiting = await until('the next one asked', async () => {
    const of = (await site.api('GET', '/incidents/1')).entries.find((e) => e.public);
    const asked = of.state.approval ? of.state.approval.asked : [];
    return asked.length > 1 && { duty: asked[asked.length - 1], number: of.message };
  });
  const next = waiting.duty === 'tib' ? tib : await Walk.of(browser, waiting.duty, how);
  if (next !== tib) await next.in(site, waiting.duty);
  await next.page.goto(`${site.console}/approve/${waiting.number}`);
  for (const said of ['Obegriplig', 'Fråga vårdens ledning', wording]) await next.says(said);

  // It was nothing: all of it is stopped, and everybody who was told is told.
  await tib.page.goto(`${site.console}/incidents/1/stop`);
  await tib.page.fill('input[name=reason]', 'Fel anmälan');
  await tib.page.check('input[name="false-alarm"]');
  await tib.go('main form.typed button.main', '**/*check=1*');
  await tib.go('main form button.main', (url) => !url.search.includes('check'));
  check((await site.api('GET', '/incidents/1')).messages.some((m) => m.stopped), `${tib.name}: what went out holds no more`);
  await until('the stop at IT', () => site.texts('+46701740612').length >= 2);
  await Promise.all([...new Set([tib, kib, next])].map((who) => who.end()));
  await site.end();
};
