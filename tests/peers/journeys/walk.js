// Somebody who taps: each tap is counted, and shows where it was.
'use strict';
const { check, person, fits } = require('../browser/lib');

class Walk {
  constructor(page, name) {
    Object.assign(this, { page, name, taps: 0, said: [] });
  }
  /** With a device of its own; `how`: its size, language and whether it runs scripts. */
  static async of(browser, name, how = {}) {
    const page = await person(browser, how);
    return new Walk(page, `${name}, ${how.viewport ? how.viewport.width : 390} px ${how.lang || 'sv'}${how.script === false ? ' without script' : ''}`);
  }
  /** The duty device that a link makes. */
  async in(site, duty) {
    await this.page.goto(site.deviceLink(duty));
    await this.page.click('main form button');
    await this.page.waitForURL((url) => !url.pathname.startsWith('/device/'));
    this.taps = 0;
  }
  async tap(selector) {
    const it = this.page.locator(selector).first();
    await it.scrollIntoViewIfNeeded();
    await it.click();
    this.taps += 1;
    await this.page.waitForLoadState();
  }
  /** The same, where it leads to another page. */
  async go(selector, to) {
    await this.tap(selector);
    await this.page.waitForURL(to);
    check((await this.page.locator('main .problem, main .refused').count()) === 0, `${this.name}: ${this.page.url()} refuses: ${(await this.page.innerText('main')).slice(0, 300)}`);
    await fits(this.page, `${this.name} ${this.page.url()}`);
  }
  /** No more taps than that since the last time. */
  within(most, what) {
    check(this.taps <= most, `${this.name}: ${what} takes ${this.taps} taps, at most ${most} are allowed`);
    const said = `${what}: ${this.taps} taps`;
    this.taps = 0;
    return said;
  }
  async says(text, where = 'main') {
    const seen = await this.page.innerText(where);
    check(seen.includes(text), `${this.name}: ${this.page.url()} does not say “${text}”: ${seen.slice(0, 400)}`);
  }
  /** How many of its windows the page is high. */
  async screens() {
    const [height, inner] = await this.page.evaluate(() => [document.documentElement.scrollHeight, globalThis.innerHeight]);
    return height / inner;
  }
  async lower(most, what) {
    const screens = await this.screens();
    check(screens <= most, `${this.name}: ${what} is ${screens.toFixed(2)} screens high, at most ${most} are allowed`);
    return `${what}: ${screens.toFixed(2)} screens`;
  }
  end() {
    return this.page.context().close();
  }
}

module.exports = { Walk };
