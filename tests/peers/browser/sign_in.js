// How somebody comes in.
'use strict';
const fs = require('fs');
const path = require('path');
const { CONSOLE, STATE } = require('./lib');

/** What is folded away is opened. */
const open = (page) => page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));

async function as(page, duty) {
  const token = fs.readFileSync(path.join(STATE, 'console-token'), 'utf8').trim();
  await page.goto(`${CONSOLE}/sign-in`);
  await open(page);
  await page.fill('input[name=token]', token);
  await page.press('input[name=token]', 'Enter');
  await page.waitForURL('**/acting**');
  await open(page);
  await page.click(`button[value=${duty}]`);
}

exports.asTib = (page) => as(page, 'tib');
