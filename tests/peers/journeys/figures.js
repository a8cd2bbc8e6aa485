// What the first page costs with an incident of 25 functions: the first byte, the bytes, the requests.
'use strict';
const { check, PHONE } = require('../browser/lib');
const { Site } = require('../browser/site');
const { Walk } = require('./walk');

/** Bytes over the wire that a first visit of *Now* may take, and its requests: page, style, script, stream. */
const BYTES_MAX = 60 * 1024;
const REQUESTS_MAX = 4;
const TIMES = 20;

module.exports = async function figures(browser) {
  const site = await Site.start('figures');
  await site.act('it-bered', { report: { playbook: 'ehr-down', level: 'major', safety: 'yes' } });
  const tib = await Walk.of(browser, 'figures', { viewport: PHONE });
  await tib.in(site, 'tib');
  const { page } = tib;
  const cookies = await page.context().cookies();
  // A browser that was never here: nothing lies in its store.
  const cold = await Walk.of(browser, 'figures, cold', { viewport: PHONE });
  await cold.page.context().addCookies(cookies);
  const sizes = [];
  cold.page.on('requestfinished', (request) => sizes.push(request.sizes().then((s) => s.responseHeadersSize + s.responseBodySize)));
  // What is new meanwhile is fetched once more, from an address that was asked.
  const addresses = new Set();
  cold.page.on('request', (request) => addresses.add(request.url()));
  await cold.page.goto(site.console + '/', { waitUntil: 'load' });
  await cold.page.waitForTimeout(300);
  const bytes = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  const waits = [];
  for (let n = 0; n < TIMES; n += 1) {
    await page.goto(site.console + '/');
    waits.push(await page.evaluate(() => {
      const [it] = globalThis.performance.getEntriesByType('navigation');
      return it.responseStart - it.requestStart;
    }));
  }
  waits.sort((a, b) => a - b);
  const requests = addresses.size;
  const asked = (await site.api('GET', '/incidents/1')).rows.length;
  check(asked >= 25, `figures: ${asked} functions are asked`);
  check(bytes <= BYTES_MAX, `figures: a first visit of Now takes ${bytes} bytes`);
  check(requests <= REQUESTS_MAX, `figures: a first visit of Now takes ${requests} requests`);
  console.log(`         Now with ${asked} functions: first byte after ${waits[TIMES / 2].toFixed(1)} ms (half of ${TIMES}), the slowest ${waits[TIMES - 1].toFixed(1)} ms; a first visit ${requests} requests, ${(bytes / 1024).toFixed(1)} KiB`);
  await Promise.all([tib, cold].map((who) => who.end()));
  await site.end();
};
