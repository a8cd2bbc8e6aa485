'use strict';
const lib = require('../browser/lib');
const life = require('./life');

/** Only steps whose name has it, where something is looked for. */
const ONLY = process.env.JOURNEY || '';

(async () => {
  const of = await lib.browser();
  const step = (name, run) => (name.includes(ONLY) ? lib.step(name, run) : undefined);
  const ways = [];
  for (const viewport of [lib.PHONE, lib.DESK]) {
    for (const lang of ['sv', 'en']) {
      for (const script of [true, false]) ways.push({ viewport, lang, script });
    }
  }
  for (const [n, how] of ways.entries()) {
    const by = n % 3 === 1 ? 'console' : 'link';
    await step(`a disruption's life, ${how.viewport.width} px ${how.lang}${how.script ? '' : ' without script'}`, () => life(of, how, by));
  }
  await of.close();
  // What a step that failed left running ends with us.
  process.exit(lib.ended());
})();
