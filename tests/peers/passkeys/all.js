// A passkey from its first day to its last, at the console that BROWSER_CONSOLE names.
'use strict';
const crypto = require('crypto');
const { chromium } = require('playwright-core');
const lib = require('../browser/lib');
const { CONSOLE, api } = require('../browser/console');

const { check, step } = lib;
const PASSWORD = 'korrekt batteri ost';

/** The code of an authenticator app (RFC 6238) for the key in an otpauth address. */
function code(otpauth) {
  const letters = new URL(otpauth).searchParams.get('secret');
  const bits = [...letters].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const tag = crypto.createHmac('sha1', secret).update(counter).digest();
  return String((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

/** The virtual authenticator of a page. */
async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  });
  return {
    keys: async () => (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    verified: (isUserVerified) => session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

async function judged(page, where) {
  await lib.accessible(page, where);
  await lib.fits(page, where);
  await lib.pressable(page, where);
}

async function byPassword(page, account) {
  await page.goto(`${CONSOLE}/sign-in`);
  await page.fill('#account', account.id);
  await page.fill('#password', PASSWORD);
  await page.press('#password', 'Enter');
  await page.fill('#code', code(account.otpauth));
  await page.press('#code', 'Enter');
  await page.waitForURL(`${CONSOLE}/`);
}

async function signOut(page) {
  await page.goto(`${CONSOLE}/account`);
  await page.click('main form[action="/sign-out"] button');
  await page.waitForURL('**/sign-in');
}

const add = async (page) => {
  await page.fill('#passkey-password', PASSWORD);
  await page.click('#passkey button');
};
const alert = (page) => page.locator('#passkey [role=alert]');

(async () => {
  const of = await chromium.launch({
    executablePath: process.env.BROWSER_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', `--ignore-certificate-errors-spki-list=${process.env.BROWSER_BELIEVES}`],
  });
  const made = await api('POST', '/access', {
    'account-add': { id: 'it-1', password: PASSWORD, rights: ['report'], functions: ['it-bered'] },
  });
  const account = { id: 'it-1', otpauth: made.otpauth };
  const page = await lib.person(of);
  let keys;

  await step(`${CONSOLE}: a passkey is added`, async () => {
    keys = await authenticator(page);
    await byPassword(page, account);
    await page.goto(`${CONSOLE}/account`);
    check(await page.isVisible('#passkey button'), 'the button is there');
    check((await page.inputValue('#label')) === 'nyckel 1', 'the label names no person');
    await judged(page, 'my account, before');
    await add(page);
    await page.waitForURL('**/account?done=passkey');
    const [key, ...more] = await keys.keys();
    check(key && more.length === 0 && key.isResidentCredential && key.rpId === 'localhost', `one key: ${JSON.stringify(key)}`);
    check(await page.getByText('Lösennyckeln är tillagd.').isVisible(), 'it is said');
    await judged(page, 'my account, after');
  });
  await step('the same device is not added twice', async () => {
    await add(page);
    await alert(page).waitFor();
    check((await alert(page).textContent()) === '✖ Enheten har redan en lösennyckel för kontot.', await alert(page).textContent());
    check((await keys.keys()).length === 1, 'still one');
  });
  await step('one signs in with it, and no name is typed', async () => {
    await signOut(page);
    await judged(page, 'sign-in');
    await page.goto(`${CONSOLE}/sign-in?next=/report`);
    await page.click('#passkey button');
    await page.waitForURL(`${CONSOLE}/report`);
    const [key] = await keys.keys();
    check(key.signCount > 1, `the authenticator counts: ${key.signCount}`);
  });
  await step('whoever is not verified does not come in', async () => {
    await signOut(page);
    await keys.verified(false);
    await page.click('#passkey button');
    await alert(page).waitFor();
    check((await alert(page).textContent()) === '✖ Det avbröts. Försök igen, eller logga in med lösenord och kod.', await alert(page).textContent());
    await keys.verified(true);
    await page.click('#passkey button');
    await page.waitForURL(`${CONSOLE}/`);
  });
  await step('one that was taken away is refused', async () => {
    await page.goto(`${CONSOLE}/account`);
    await page.click('button[value=passkey-end]');
    await page.waitForURL('**/account?done=ended');
    check((await page.locator('button[value=passkey-end]').count()) === 0, 'it is not listed');
    await signOut(page);
    await page.click('#passkey button');
    await page.getByText('Lösennyckeln gick inte att använda.').waitFor();
    check((await keys.keys()).length === 1, 'the authenticator still has it');
  });
  await step('by address and without script the password stands alone', async () => {
    const bare = await lib.person(of, { script: false, lang: 'en' });
    await bare.goto(`${CONSOLE}/sign-in`);
    check(!(await bare.isVisible('#passkey')) && (await bare.isVisible('#password')), 'no script: the form is hidden');
    check(await bare.locator('noscript p').isVisible(), 'no script: it is said');
    if (CONSOLE.startsWith('http:')) {
      await page.goto(`${CONSOLE.replace('localhost', '127.0.0.1')}/sign-in`);
      check((await page.locator('#passkey').count()) === 0 && (await page.isVisible('#password')), 'by address: none');
      check(await page.getByText(`Lösennycklar går bara att använda på ${CONSOLE}.`).isVisible(), 'by address: it is said');
      await judged(page, 'sign-in by address');
    }
  });
  await of.close();
  process.exitCode = lib.ended();
})();
