// Every page that links lead to, from the first one on: what is asked of all of them.
'use strict';
const { PHONE, DESK, NARROW, check, person, accessible, fits, pressable } = require('./lib');
const { asTib } = require('./sign_in');

/** So many pages are looked at: of pages that differ only in their numbers, one is enough. */
const PAGES_MAX = 80;

function kind(url) {
  const at = new URL(url);
  const query = [...at.searchParams.keys()].filter((key) => key !== 'lang' && key !== 'back').sort();
  return at.pathname.replace(/[0-9]+(-[0-9]+)?/g, 'N').replace(/(directory|gateways)\/[^/]+/, '$1/ID') + (query.length ? `?${query}` : '');
}

/** One address of each kind of page. */
async function found(page, site) {
  const seen = new Map();
  const next = [site.console + '/'];
  while (next.length > 0 && seen.size < PAGES_MAX) {
    const url = next.shift();
    if (seen.has(kind(url))) continue;
    seen.set(kind(url), url);
    const answer = await page.goto(url);
    const type = answer.headers()['content-type'] || '';
    check(answer.status() === 200, `${url}: ${answer.status()}`);
    if (!type.startsWith('text/html')) {
      seen.delete(kind(url));
      continue;
    }
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].filter((a) => !a.download).map((a) => a.href));
    for (const link of links) {
      const bare = link.split('#')[0];
      if (bare.startsWith(site.console + '/') && !/[?&]lang=|\.pdf|sign-/.test(bare)) next.push(bare);
    }
  }
  return [...seen.values()];
}

module.exports = everyPage;
module.exports.found = found;

async function everyPage(of, site) {
  const first = await person(of);
  await asTib(first, site);
  const urls = await found(first, site);
  console.log(`        ${urls.length} kinds of pages: ${urls.map((u) => kind(u)).join(' ')}`);
  check(urls.length >= 12, `only ${urls.length} kinds of pages were found`);
  await first.context().close();
  for (const lang of ['sv', 'en']) {
    for (const dark of [false, true]) {
      const page = await person(of, { lang, dark });
      await asTib(page, site);
      for (const url of urls) {
        const where = `${kind(url)} ${lang}${dark ? ' dark' : ''}`;
        await page.goto(url);
        await accessible(page, where);
        if (dark) continue;
        check((await page.getAttribute('html', 'lang')) === lang, `${where}: the language`);
        check((await page.locator('h1').count()) === 1, `${where}: one h1`);
        for (const viewport of [NARROW, PHONE, DESK]) {
          await page.setViewportSize(viewport);
          await fits(page, `${where} ${viewport.width}`);
          if (viewport === PHONE) await pressable(page, where);
        }
        if (lang === 'sv') {
          await accessible(page, `${where} ${DESK.width}`);
          await page.emulateMedia({ media: 'print' });
          await accessible(page, `${where} print`);
          await page.emulateMedia({ media: 'screen' });
        }
        await page.setViewportSize(PHONE);
      }
      await page.context().close();
    }
  }
};
