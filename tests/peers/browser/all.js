'use strict';
const lib = require('./lib');
const everyPage = require('./every_page');
const signIn = require('./sign_in');

(async () => {
  const of = await lib.browser();
  await lib.step('a disruption is reported, 25 functions are asked', async () => {
    const done = await lib.api('POST', '/commands', {
      as: 'it-bered',
      action: { report: { playbook: 'ehr-down', level: 'major', safety: 'no' } },
    });
    lib.check(done.incident === '1', `the first incident: ${JSON.stringify(done)}`);
  });
  await lib.step('every page', () => everyPage(of, signIn.asTib));
  await of.close();
  process.exitCode = lib.ended();
})();
