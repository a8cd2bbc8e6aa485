'use strict';
const lib = require('./lib');
const everyPage = require('./every_page');
const { Site } = require('./site');

(async () => {
  const of = await lib.browser();
  const site = await Site.start('every-page');
  await lib.step('a disruption is reported, 25 functions are asked', async () => {
    const done = await site.act('it-bered', { report: { playbook: 'ehr-down', level: 'major', safety: 'no' } });
    lib.check(done.incident === '1', `the first incident: ${JSON.stringify(done)}`);
  });
  await lib.step('every page', () => everyPage(of, site));
  await of.close();
  await site.end();
  process.exitCode = lib.ended();
})();
