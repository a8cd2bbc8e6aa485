// How somebody comes in.
'use strict';

/** What is folded away is opened. */
const open = (page) => page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));

async function as(page, site, duty) {
  await page.goto(`${site.console}/sign-in`);
  await open(page);
  await page.fill('input[name=token]', site.token);
  await page.press('input[name=token]', 'Enter');
  await page.waitForURL('**/acting**');
  await open(page);
  await page.click(`button[value=${duty}]`);
}

exports.asDuty = as;
exports.asTib = (page, site) => as(page, site, 'tib');
