// A page that is looked at stays true by itself, and leaves alone who uses it.
'use strict';
const { check } = require('../browser/lib');
const { Site } = require('../browser/site');
const { Walk } = require('./walk');

module.exports = async function live(browser, how) {
  const site = await Site.start('live');
  await site.act('it-bered', { report: { playbook: 'ehr-down', level: 'critical', safety: 'yes' } });
  const tib = await Walk.of(browser, 'TiB looks on', how);
  const { page } = tib;
  await tib.in(site, 'tib');
  await page.goto(site.console + '/');
  await page.evaluate(() => (globalThis.same = true));
  const before = await page.innerText('#ongoing');
  await page.locator('#must details > summary').first().click();
  await page.locator('form[action="/now"] button').first().focus();
  const answer = (duty) => site.act(duty, { ack: { incident: '1', message: null, function: duty, phone: false, at: null } });
  await answer('cl-fs');
  await answer('cl-hs');
  await answer('kib');
  await page.waitForFunction((was) => document.getElementById('ongoing').innerText !== was && /4 av 30/.test(document.getElementById('ongoing').innerText), before);
  check(await page.evaluate(() => globalThis.same === true), `${tib.name}: the page was not loaded anew`);
  check(await page.locator('#must details').first().evaluate((d) => d.open), `${tib.name}: what was opened stays open`);
  check(await page.evaluate(() => document.activeElement.matches('form[action="/now"] button')), `${tib.name}: the focus stays`);
  await page.waitForFunction(() => /^(3 nya|1 nytt|2 nya) svar$/.test(document.getElementById('toast').textContent));
  await page.waitForFunction(() => document.getElementById('toast').textContent === '3 nya svar');
  check((await page.getAttribute('#toast', 'role')) === 'status', `${tib.name}: it is said, not only shown`);

  // A page in which somebody types waits.
  const it = await Walk.of(browser, 'IT types', how);
  await it.in(site, 'it-bered');
  await it.page.goto(`${site.console}/incidents/1/update`);
  await it.page.fill('input[name="known.sv"]', 'Halvvägs');
  await answer('cl-ls');
  await page.waitForFunction(() => /5 av 30/.test(document.getElementById('ongoing').innerText));
  check((await it.page.inputValue('input[name="known.sv"]')) === 'Halvvägs', `${it.name}: nothing is taken away from under a hand`);

  // Cut off: said after ten seconds, and over when it is over.
  await site.cut();
  await page.waitForFunction(() => !document.getElementById('cut').hidden, null, { timeout: 30000 });
  check(/^Visar läget \d\d\.\d\d, försöker igen$/.test(await page.innerText('#cut')), `${tib.name}: the grey band: ${await page.innerText('#cut')}`);
  await site.serve();
  await page.waitForFunction(() => document.getElementById('cut').hidden, null, { timeout: 30000 });
  await answer('sakc');
  await page.waitForFunction(() => /6 av 30/.test(document.getElementById('ongoing').innerText));
  await Promise.all([it, tib].map((who) => who.end()));
  await site.end();
};
