// A disruption from its report to the all clear, by those who have a part in it.
'use strict';
const { check } = require('../browser/lib');
const { Site, until } = require('../browser/site');
const { Walk } = require('./walk');

const KIB = '+46701740609';
/** Phone screens that pages of a running incident may be high, one of 25 functions… */
const SCREENS = 2;
const FUNCTIONS = 25;
/** …and for each function more, a row that a thumb finds. */
const ROW = 45 / 844;

/** An act of the incident: its form, what is typed, the text that will leave, the button. */
async function act(walk, site, path, typed) {
  await walk.page.goto(`${site.console}/incidents/1/${path}`);
  for (const [name, value] of Object.entries(typed)) {
    await walk.page.evaluate(() => document.querySelectorAll('main details').forEach((d) => (d.open = true))).catch(() => {});
    const field = walk.page.locator(`main form [name="${name}"]`).first();
    if ((await field.evaluate((e) => e.localName)) === 'select') await field.selectOption(value);
    else await field.fill(value);
  }
  await walk.go('main form.typed button.main', '**/*check=1*');
  await walk.go('main form button.main', (url) => !url.search.includes('check'));
}

/** The approval of what waits for KiB, with another wording: behind the link of the SMS, or in the console. */
async function changeAndApprove(walk, wording) {
  const of = 'section.sheet:has(h2:text-matches("allmänheten|public"))';
  const sheet = walk.page.locator(of);
  const editor = sheet.locator('details:has(textarea[name="text.sv"])');
  if (!(await editor.evaluate((e) => e.open))) await walk.tap(`${of} details:has(textarea[name="text.sv"]) > summary`);
  const field = sheet.locator('textarea[name="text.sv"]');
  await field.fill((await field.inputValue()).replace('Kom till din bokade tid.', wording));
  await walk.tap(`${of} button.main[value=change]`);
  await walk.says(wording);
  if (await sheet.locator('input[name=works]').count()) await walk.tap(`${of} input[name=works]`);
  await walk.tap(`${of} button[value=approve]`);
}

module.exports = async function life(browser, how, by) {
  const said = [];
  const site = await Site.start(`life-${how.viewport.width}-${how.lang}-${how.script ? 'script' : 'bare'}`);
  const walk = (name) => Walk.of(browser, name, how);
  const phone = how.viewport.width < 500;

  const it = await walk('IT');
  await it.in(site, 'it-bered');
  await it.go('a[href="/report"].main', '**/report');
  await it.go('a[href="/report?playbook=ehr-down"]', '**/report?playbook=ehr-down*');
  await it.tap('input[name=level][value=critical]');
  await it.go('#report button.main', '**/report/check*');
  await it.go('button.send', '**/report/sent*');
  said.push(it.within(5, 'a report'));
  await it.says('1', '.panel');

  const tib = await walk('TiB');
  await tib.in(site, 'tib');
  await tib.page.goto(site.console + '/');
  if (phone) said.push(await tib.lower(SCREENS, 'Now'));
  await tib.page.goto(`${site.console}/incidents/1`);
  if (phone) said.push(await tib.lower(SCREENS, `an incident with ${await tib.page.locator('section.must li').count()} things to do`));
  await tib.page.goto(site.console + '/');
  const asked = await tib.page.locator('form[action="/now"]').first().locator('input[name=function]').count();
  check(asked >= 12, `${tib.name}: one card asks for ${asked} functions`);
  await tib.go('form[action="/now"] button', '**/?done=answered*');
  said.push(tib.within(1, `an answer for ${asked} functions`));
  const rows = (await site.api('GET', '/incidents/1')).rows.filter((row) => row.state.by === 'tib');
  check(rows.length >= asked, `${tib.name}: ${rows.length} functions of ${asked} are answered for`);

  const kib = await walk('KiB');
  if (by === 'link') {
    await kib.page.goto(await site.link(KIB));
  } else {
    await kib.in(site, 'kib');
    await kib.page.goto(site.console + '/');
    await kib.go('a[href^="/approve/1-"][href*="change=1"]', '**/approve/1-*');
  }
  const wording = 'Kom som vanligt.';
  await changeAndApprove(kib, wording);
  said.push(kib.within(4, `change and approve by ${by}`));
  await until('the public text', async () => (await (await fetch(site.public)).text()).includes(wording));

  const waits = (await site.api('GET', '/incidents/1')).proposals.filter((p) => p.state.state === 'waiting' || p.state === 'waiting');
  for (const proposal of waits) {
    const duty = proposal.asked[0];
    const who = duty === 'tib' ? tib : await walk(duty);
    if (who !== tib) await who.in(site, duty);
    await who.page.goto(site.console + '/');
    if (duty === 'tib') {
      await who.go('form[action="/incidents/1/decide"] button[name=yes]', '**/?done=decide*');
      said.push(who.within(1, 'a yes to a staff mode'));
    } else {
      await who.go('form[action="/incidents/1/decide"] a.button', '**/decide?proposal=*');
      await who.page.fill('input[name=reason]', 'Vi klarar det utan');
      await who.go('section.card form:has(input[name=reason]) button', '**/?done=decide*');
      said.push(who.within(2, 'a no with its reason'));
      await who.end();
    }
  }

  await it.page.goto(`${site.console}/incidents/1`);
  if (phone) said.push(await it.lower(SCREENS, 'an incident now'));
  for (const tab of ['who', 'texts', 'timeline']) await it.go(`nav.pages a[href$="/${tab}"]`, `**/incidents/1/${tab}`);
  await it.page.goto(`${site.console}/incidents/1/who`);
  const rows_shown = await it.page.locator('.people > li').count();
  if (phone) said.push(await it.lower(SCREENS + Math.max(0, rows_shown - FUNCTIONS) * ROW, `who of ${rows_shown} functions`));

  await it.page.goto(`${site.console}/directory`);
  if (phone) said.push(await it.lower(4, 'the directory'));

  await act(it, site, 'update', { 'known.sv': 'Felet är funnet', 'known.en': 'The fault is found' });
  await it.page.goto(`${site.console}/incidents/1/texts`);
  await it.says(how.lang === 'sv' ? 'Felet är funnet' : 'The fault is found');
  await act(it, site, 'correct', { number: '1-1', 'known.sv': 'Det gäller inte Lillån', 'known.en': 'Lillån is not concerned' });
  await act(it, site, 'restored', { 'known.sv': 'Journalen startar', 'known.en': 'Records are starting' });

  await tib.page.goto(`${site.console}/incidents/1/all-clear`);
  await tib.page.fill('input[name=reason]', 'Kontrollerat med journalens ägare');
  await tib.go('main form.typed button.main', '**/*check=1*');
  await tib.go('main form button.main', (url) => !url.search.includes('check'));
  check((await site.api('GET', '/incidents/1')).summary.phase === 'closed', `${tib.name}: the incident is closed`);

  await Promise.all([it, tib, kib].map((who) => who.end()));
  await site.end();
  console.log(`         ${said.join('; ')}`);
};
