// The console that a script has started: where it is, and its API as the server's owner.
'use strict';
const fs = require('fs');
const path = require('path');

const CONSOLE = process.env.BROWSER_CONSOLE;
const STATE = process.env.BROWSER_STATE;

const token = () => fs.readFileSync(path.join(STATE, 'console-token'), 'utf8').trim();

async function api(method, at, body) {
  const answer = await fetch(`${CONSOLE}/api/v1${at}`, {
    method,
    headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${JSON.stringify(said)}`);
  return said;
}

module.exports = { CONSOLE, token, api };
