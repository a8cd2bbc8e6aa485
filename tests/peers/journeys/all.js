'use strict';
const lib = require('../browser/lib');
const figures = require('./figures');
const guesses = require('./guesses');
const hostile = require('./hostile');
const kept = require('./kept');
const keyboard = require('./keyboard');
const life = require('./life');
const live = require('./live');
const no = require('./no');

/** Only steps whose name has it, where something is looked for. */
const ONLY = process.env.JOURNEY || '';

(async () => {
  const of = await lib.browser();
  const step = (name, run) => (name.includes(ONLY) ? lib.step(name, run) : undefined);
  const ways = [];
  for (const viewport of [lib.PHONE, lib.DESK]) {
    for (const lang of ['sv', 'en']) {
      ways.push({ viewport, lang, script: true });
      // Without script it is the same pages: each language and each size once.
      if ((viewport === lib.PHONE) === (lang === 'sv')) ways.push({ viewport, lang, script: false });
    }
  }
  for (const [n, how] of ways.entries()) {
    const by = n % 2 === 1 ? 'console' : 'link';
    await step(`a disruption's life, ${how.viewport.width} px ${how.lang}${how.script ? '' : ' without script'}`, () => life(of, how, by));
  }
  const phone = { viewport: lib.PHONE, lang: 'sv', script: true };
  await step('by keyboard alone', () => keyboard(of, { ...phone, viewport: lib.DESK }));
  await step('what is typed is kept', () => kept(of, phone));
  await step('what is typed is kept, without script', () => kept(of, { ...phone, script: false }));
  await step('a no with another text, and a stop', () => no(of, phone));
  await step('a page stays true by itself', () => live(of, phone));
  await step('hostile words stay words', () => hostile.words(of));
  await step('hostile forms, cookies and addresses', () => hostile.forms(of));
  await step('ten thousand wrong passwords', () => guesses());
  await step('what the first page costs', () => figures(of));
  await of.close();
  // What a step that failed left running ends with us.
  process.exit(lib.ended());
})();
