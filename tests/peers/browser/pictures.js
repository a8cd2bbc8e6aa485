// The screens that the documents show, in both languages.
'use strict';
const path = require('path');
const lib = require('./lib');
const { Site, until } = require('./site');
const { asDuty } = require('./sign_in');

const TO = process.env.PICTURES;

/** A picture that begins at the top of the page, no higher than that. */
async function picture(page, name, height) {
  const all = await page.evaluate(() => document.documentElement.scrollHeight);
  const { width } = page.viewportSize();
  await page.setViewportSize({ width, height: Math.min(all, height) });
  await page.screenshot({ path: path.join(TO, name), clip: { x: 0, y: 0, width, height: Math.min(all, height) } });
}

(async () => {
  const of = await lib.browser();
  const site = await Site.start('pictures', [], []);
  const shot = async (duty, lang, at, name, width, height, before) => {
    const page = await lib.person(of, { viewport: { width, height: 900 }, lang });
    await asDuty(page, site, duty);
    await page.goto(at.startsWith('http') ? at : site.console + at);
    if (before) await before(page);
    await picture(page, name, height);
    await page.context().close();
  };
  const checked = (exercise) => async (page) => {
    if (exercise) await page.check('input[name=exercise]');
    await page.click('#report button.main');
    await page.waitForURL('**/report/check*');
  };
  for (const lang of ['sv', 'en']) {
    await shot('it-bered', lang, '/report?playbook=ehr-down', `report-${lang}.png`, 760, 1170, checked(false));
    await shot('it-bered', lang, '/report?playbook=ehr-slow', `drill-${lang}.png`, 900, 480, checked(true));
  }
  await site.act('it-bered', { report: { playbook: 'ehr-down', level: 'major', safety: 'no' } });
  const link = await site.link('+46701740609');
  for (const lang of ['sv', 'en']) {
    await shot('tib', lang, '/', `tib-${lang}.png`, 760, 900);
    await shot('kib', lang, link, `kib-${lang}.png`, 500, 1250);
  }
  const kib = await lib.person(of);
  await kib.goto(link);
  for (let n = 0; n < 4; n += 1) {
    const works = kib.locator('section.sheet input[name=works]').first();
    if (await works.count()) await works.check();
    const yes = kib.locator('section.sheet button[value=approve]').first();
    if (!(await yes.count())) break;
    await yes.click();
    await kib.waitForLoadState();
  }
  await kib.context().close();
  await until('the public text', async () => (await (await fetch(site.public)).text()).includes('data-number'));
  for (const duty of ['iva', 'cl-fs', 'cl-hs', 'vaxel', 'sakc']) {
    await site.act(duty, { ack: { incident: '1', message: null, function: duty, phone: false, at: null } });
  }
  for (const lang of ['sv', 'en']) await shot('it-bered', lang, '/incidents/1', `incident-${lang}.png`, 900, 960);
  await shot('tib', 'en', '/incidents/1/who', 'console.png', 1000, 1000);
  await shot('tib', 'sv', site.public, 'public.png', 390, 1240);
  await of.close();
  await site.end();
  process.exit(lib.ended());
})();
