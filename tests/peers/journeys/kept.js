// What somebody typed is never lost: after Back, a refusal, an ended session, a restart of the server, another language.
'use strict';
const { check } = require('../browser/lib');
const { Site } = require('../browser/site');
const { Walk } = require('./walk');

const WRITTEN = 'Journalen svarar inte på IVA';

async function byToken(walk, site, duty) {
  const { page } = walk;
  await page.locator('details:has(input[name=token]) > summary').click();
  await page.fill('input[name=token]', site.token);
  await page.press('input[name=token]', 'Enter');
  await page.waitForURL('**/acting**');
  await page.fill('input[name=q]', duty);
  await page.press('input[name=q]', 'Enter');
  await page.locator(`button[value=${duty}]`).first().click();
}

module.exports = async function kept(browser, how) {
  const site = await Site.start(`kept-${how.script ? 'script' : 'bare'}`);
  const it = await Walk.of(browser, 'IT', how);
  const { page } = it;
  await it.in(site, 'it-bered');
  await page.goto(`${site.console}/report?playbook=ehr-down`);
  const unfold = () => page.locator('#report details > summary').first().click();
  const written = () => page.inputValue('input[name="what.sv"]');
  await unfold();
  await page.fill('input[name="what.sv"]', WRITTEN);
  await page.fill('input[name=since]', 'i går kväll');
  await it.tap('#report button.main');
  check((await page.locator('[role=alert]').count()) > 0, `${it.name}: a time that nobody can read is refused`);
  check((await written()) === WRITTEN && (await page.inputValue('input[name=since]')) === 'i går kväll', `${it.name}: what was typed stands in the form that is refused`);
  await page.fill('input[name=since]', '');
  await it.go('#report button.main', '**/report/check*');
  await it.says(WRITTEN);
  // Back leads over what the draft says now to the form; never to a form that was sent.
  await page.goBack();
  if ((await page.locator('input[name="what.sv"]').count()) === 0) await page.goBack();
  check((await written()) === WRITTEN, `${it.name}: Back shows what was typed: ${await written()}`);
  await site.restart();
  await page.goto(`${site.console}/report`);
  await it.go('a[href^="/report?draft="]', '**/report?draft=*');
  check((await written()) === WRITTEN, `${it.name}: a draft outlives the server: ${await written()}`);
  await page.locator('.langs a').first().click();
  await page.waitForLoadState();
  check((await page.getAttribute('html', 'lang')) !== how.lang && (await written()) === WRITTEN, `${it.name}: another language keeps what was typed`);
  await page.locator('.langs a').first().click();
  await it.go('#report button.main', '**/report/check*');
  await it.go('button.send', '**/report/sent*');
  check(site.texts('+46701740613').some((text) => text.includes(WRITTEN)) || (await site.api('GET', '/incidents/1')).messages.some((m) => JSON.stringify(m.texts).includes(WRITTEN)), `${it.name}: it was sent as typed`);
  // Sent once: the draft is no draft any more.
  await page.goto(`${site.console}/report`);
  check((await page.locator('a[href^="/report?draft="]').count()) === 0, `${it.name}: what was sent is no draft`);

  // An ended session, with an act half written.
  const led = await Walk.of(browser, 'IT lead', how);
  await led.page.goto(`${site.console}/sign-in`);
  await byToken(led, site, 'it-led');
  await led.page.goto(`${site.console}/incidents/1/update`);
  await led.page.fill('input[name="known.sv"]', 'Felet ligger i lagringen');
  await led.page.context().clearCookies();
  await led.tap('main form.typed button.main');
  await led.says(how.lang === 'sv' ? 'Logga in' : 'Sign in');
  await byToken(led, site, 'it-led');
  await led.page.waitForLoadState();
  check((await led.page.content()).includes('Felet ligger i lagringen'), `${led.name}: after the sign-in stands what was typed: ${await led.page.innerText('main')}`);
  await led.tap('main form button.main');
  await led.page.waitForLoadState();
  check((await led.page.content()).includes('Felet ligger i lagringen'), `${led.name}: and it goes on: ${led.page.url()}`);
  await Promise.all([it, led].map((who) => who.end()));
  await site.end();
};
