// From the sign-in page to the provider and back.
'use strict';
const path = require('path');
const { spawn } = require('child_process');
const lib = require('../browser/lib');
const { CONSOLE, token } = require('../browser/console');

const { check, step } = lib;

async function press(page, next = '/report') {
  await page.goto(`${CONSOLE}/sign-in?next=${next}`);
  await page.getByRole('link', { name: 'Logga in med Region-ID' }).click();
  await page.waitForLoadState();
}

/** At the provider: a name, any password, and yes to what is handed on. */
async function asPerson(page, name) {
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'anything');
  await page.click('button[type=submit]');
  await page.waitForLoadState();
  if (page.url().includes('/interaction/')) await page.click('button[type=submit]');
}

async function local(of) {
  const page = await lib.person(of);
  await page.goto(`${CONSOLE}/sign-in`);
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
  await page.fill('input[name=token]', token());
  await page.press('input[name=token]', 'Enter');
  await page.waitForURL('**/acting**');
}

(async () => {
  const of = await lib.browser();
  let provider;
  await step('the provider is down: it is said, and the local form stands first', async () => {
    const page = await lib.person(of);
    await press(page);
    check(page.url().startsWith(CONSOLE), page.url());
    check(await page.getByText('Region-ID svarar inte.').isVisible(), 'it is said');
    check(await page.isVisible('#password'), 'password and code are there');
    await lib.accessible(page, 'sign-in, the provider down');
    await lib.fits(page, 'sign-in, the provider down');
    await lib.pressable(page, 'sign-in, the provider down');
    await local(of);
  });
  provider = spawn(process.execPath, [path.join(__dirname, 'provider.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((listens, ends) => {
    provider.stdout.once('data', listens);
    provider.once('exit', () => ends(new Error('the provider does not start')));
  });
  const page = await lib.person(of);
  await step('it is there: somebody of a group comes in, to where he was going', async () => {
    // What did not answer is not asked again at once.
    for (let n = 0; n < 20 && page.url().includes(CONSOLE) | !n; n += 1) {
      if (n) await page.waitForTimeout(500);
      await press(page);
    }
    check(page.url().startsWith('http://127.0.0.1'), `at the provider: ${page.url()}`);
    await asPerson(page, 'anna.ek');
    await page.waitForURL(`${CONSOLE}/report`);
    await page.goto(`${CONSOLE}/account`);
    const text = await page.textContent('main');
    check(/oidc:[0-9a-f]{16}/.test(text) && !text.includes('anna'), `an ID: ${text}`);
    check(text.includes('godkänna') && (await page.locator('#passkey, #new').count()) === 0, 'rights of the group, no password here');
    const cookies = await page.context().cookies();
    check(!cookies.some((c) => c.name.includes('oidc')), 'what was kept meanwhile is gone');
  });
  await step('whoever signs out is out', async () => {
    await page.click('main form[action="/sign-out"] button');
    await page.waitForURL('**/sign-in');
    await page.goto(`${CONSOLE}/report`);
    check(page.url().includes('/sign-in'), page.url());
  });
  await step('somebody of no group is told whom to ask', async () => {
    const other = await lib.person(of);
    await press(other);
    await asPerson(other, 'bo.ek');
    await other.getByText('ingen av dina grupper där får komma in här').waitFor();
    check(await other.isVisible('#password'), 'password and code are there');
    await other.goto(`${CONSOLE}/report`);
    check(other.url().includes('/sign-in'), 'and does not come in');
  });
  await step('somebody who stops is told so', async () => {
    const other = await lib.person(of);
    await press(other);
    await other.getByRole('link', { name: /cancel/i }).click();
    await other.getByText('Inloggningen hos Region-ID avbröts.').waitFor();
  });
  await step('a way back that began elsewhere leads into no session', async () => {
    const other = await lib.person(of);
    await other.goto(`${CONSOLE}/sign-in/oidc/back?code=a&state=b`);
    check(await other.getByText('började i en annan webbläsare').isVisible(), 'it is said');
    check(!(await other.context().cookies()).some((c) => c.name === 'vardkase'), 'no session');
  });
  provider.kill();
  await of.close();
  process.exitCode = lib.ended();
})();
