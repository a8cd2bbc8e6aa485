// Ten thousand wrong passwords against one account, from many addresses: whoever has the right one comes in, and the server
// does not grow.
'use strict';
const fs = require('fs');
const http = require('http');
const { check } = require('../browser/lib');
const { Site, until } = require('../browser/site');

const WRONG = 10000;
/** Addresses that they come from. */
const FROM = 20;
const AT_ONCE = 8;
/** So much larger may the server be afterwards. */
const GROWN_MAX = 96 * 1024 * 1024;

const memory = (pid) => parseInt(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1], 10) * 1024;

module.exports = async function guesses() {
  // The proxy that says for whom it speaks is this test.
  const site = await Site.start('guesses', ['--trusted-proxy', '127.0.0.1']);
  const { password } = site.told('account', 'add', 'it-3', '--right', 'answer', '--function', 'it-bered');
  const other = site.told('account', 'add', 'it-4', '--right', 'answer', '--function', 'it-bered');
  const ask = (account, typed, from) => new Promise((done, fail) => {
    const body = String(new URLSearchParams({ account, password: typed, next: '/' }));
    const headers = { origin: site.console, 'x-forwarded-for': from, 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    const request = http.request(`${site.console}/sign-in`, { method: 'POST', headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => (text += part));
      answer.on('end', () => done({ status: answer.statusCode, text }));
    });
    request.on('error', fail);
    request.end(body);
  });
  /** Right is who is asked for the code of the app. */
  const right = async (account, typed, from) => {
    const got = await ask(account, typed, from);
    return got.status === 200 && got.text.includes('name="waits"');
  };
  check(await right('it-3', password, '192.0.2.1'), 'guesses: the right password is right');
  const before = memory(site.server.pid);
  const tally = {};
  let next = 0;
  const one = async () => {
    while (next < WRONG) {
      const n = next++;
      const at = n % FROM;
      const got = await ask('it-3', `wrong-password-${n}`, `10.0.0.${at}`);
      tally[got.status] = (tally[got.status] || 0) + 1;
    }
  };
  const guessing = Promise.all(Array.from({ length: AT_ONCE }, one));
  // In the middle of it, from where nobody guessed.
  await until('some guesses', () => next > 30);
  const during = await until('a sign-in beside it', () => right('it-4', other.password, '198.51.100.7'));
  await guessing;
  check(during, 'guesses: another account comes in meanwhile');
  check(!tally[200], `guesses: a wrong password is never taken: ${JSON.stringify(tally)}`);
  check(tally[403] <= FROM * 20 && tally[429] > WRONG * 0.9, `guesses: few are looked at, and the others slowed: ${JSON.stringify(tally)}`);
  check(await until('the right person', () => right('it-3', password, '192.0.2.1')), 'guesses: the right person comes in from where nobody guessed');
  const grown = memory(site.server.pid) - before;
  check(grown < GROWN_MAX, `guesses: the server has grown by ${grown} bytes`);
  const log = await site.api('GET', '/log?after=0');
  const kept = JSON.stringify(log).split('"refused"').length - 1;
  check(kept <= 60, `guesses: ${kept} refusals on record`);
  console.log(`         ${WRONG} guesses from ${FROM} addresses: ${JSON.stringify(tally)}; ${kept} on record; ${(grown / 1024 / 1024).toFixed(1)} MiB more`);
  await site.end();
};
