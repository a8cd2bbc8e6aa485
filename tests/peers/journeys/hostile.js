// Who is hostile gets nowhere: what is written stays text everywhere, a form of another page does nothing, a planted cookie is no
// session, and nobody is sent elsewhere.
'use strict';
const http = require('http');
const { check, PHONE } = require('../browser/lib');
const { Site, until } = require('../browser/site');
const { found } = require('../browser/every_page');
const { Walk } = require('./walk');

/** What a browser would make something of, if it were anything but text. */
const EVIL = {
  script: '<script>window.pwned=1</script>',
  attribute: '"><img src=x onerror=window.pwned=1>',
  quote: '\' autofocus onfocus=window.pwned=1 x=\'',
  svg: '</p><svg onload=window.pwned=1><animate onbegin=window.pwned=1>',
  link: 'javascript:window.pwned=1',
  template: '{{7*7}}${7*7}#{7*7}<%= 7*7 %>',
  direction: '\u202Egnp.exe\u2066 a\u0300\u0301\u0302',
  nothing: 'a\u0000b\r\nSet-Cookie: x=1',
  long: 'Å<b>'.repeat(1200),
};

/** Nothing of a page is what somebody wrote: its script is the program's own, and nothing in it runs. */
const foreign = (root) => {
  const own = (e) => e.localName === 'script' && /^\/live\.js\?v=[0-9a-f]+$/.test(e.getAttribute('src') || '');
  const bad = [...root.querySelectorAll('script, img, iframe, object, embed, base, animate, b > b > b > b')].filter((e) => !own(e));
  const acts = [...root.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => /^on/i.test(a.name) || (/^(href|src|action|formaction)$/.test(a.name) && /^\s*(javascript|data|vbscript):/i.test(a.value))));
  return [...bad, ...acts].map((e) => e.outerHTML.slice(0, 120));
};

/** Judges a page by what was sent, before any script. */
const read = ([text, judge]) => new Function(`return (${judge})`)()(new DOMParser().parseFromString(text, 'text/html'));

/** What all fields of a form are filled with at once. */
const FILLS = [
  [EVIL.script, EVIL.attribute, EVIL.quote, EVIL.svg, EVIL.template].join(' '),
  [EVIL.link, EVIL.direction, EVIL.nothing].join(' '),
  EVIL.long,
];

/** Each form of a page that was not met before is sent with that in each of its fields; what comes back is judged as a page. */
async function assault(page, url, met) {
  await page.goto(url);
  const { said, forms } = await page.evaluate(async ([fills, judge, known]) => {
    const foreign = new Function(`return (${judge})`)();
    const said = [], forms = [];
    for (const form of document.querySelectorAll('form')) {
      const action = form.getAttribute('action') || '';
      const typed = [...form.querySelectorAll('input:not([type=hidden]), textarea')].filter((e) => e.name && !/^(radio|checkbox)$/.test(e.type));
      const name = `${action.replace(/[0-9]+/g, 'N')} ${new FormData(form).get('do') || ''} ${typed.map((e) => e.name)}`;
      if (/sign-out|account/.test(action) || typed.length === 0 || known.includes(name) || forms.includes(name)) continue;
      forms.push(name);
      for (const fill of fills) {
        const data = new URLSearchParams(new FormData(form));
        for (const e of typed) data.set(e.name, fill);
        const button = form.querySelector('button[name]');
        if (button) data.set(button.name, button.value);
        const to = new URL(form.action);
        if (form.method === 'get') to.search = data;
        const got = await fetch(to, form.method === 'get' ? {} : { method: 'POST', body: data });
        const bad = foreign(new DOMParser().parseFromString(await got.text(), 'text/html'));
        if (bad.length || got.status >= 500 || !got.url.startsWith(location.origin)) said.push(`${name}: ${got.status} ${got.url} ${bad[0] || ''}`);
      }
    }
    return { said, forms };
  }, [FILLS, foreign.toString(), met]);
  met.push(...forms);
  return said;
}

/** What an answer of the API has: a number that grows with each record. */
/** What people did, by its numbers on record: deliveries and deadlines go on meanwhile. */
const records = async (site) => {
  const { records: all } = await site.api('GET', '/log?after=0');
  return all.filter((r) => ['acted', 'access'].includes(r.event)).map((r) => r.seq).join(' ');
};

exports.words = async function words(browser) {
  const site = await Site.start('hostile');
  const it = await Walk.of(browser, 'IT, hostile', { viewport: PHONE });
  await it.in(site, 'it-bered');
  const { page } = it;
  // Written into the facts, approved for the public, and sent on: it then stands wherever a text stands.
  await page.goto(`${site.console}/report?playbook=ehr-down`);
  await page.locator('#report details > summary').first().click();
  await page.fill('input[name="what.sv"]', EVIL.script);
  await page.fill('input[name="what.en"]', EVIL.attribute);
  await page.fill('input[name="scope.sv"]', EVIL.template);
  await page.fill('input[name="scope.en"]', EVIL.svg);
  await it.go('#report button.main', '**/report/check*');
  await it.says(EVIL.script);
  await it.go('button.send', '**/report/sent*');
  const kib = await Walk.of(browser, 'KiB, hostile', { viewport: PHONE });
  const link = await site.link('+46701740609');
  await kib.page.goto(link);
  const of = 'section.sheet:has(h2:text-matches("allmänheten|public"))';
  await kib.tap(`${of} details:has(textarea[name="text.sv"]) > summary`);
  for (const lang of ['sv', 'en']) {
    const field = kib.page.locator(`${of} textarea[name="text.${lang}"]`);
    await field.fill(`${EVIL.script} ${EVIL.attribute}\n${await field.inputValue()}`);
  }
  await kib.tap(`${of} button.main[value=change]`);
  if (await kib.page.locator(`${of} input[name=works]`).count()) await kib.tap(`${of} input[name=works]`);
  await kib.tap(`${of} button[value=approve]`);
  await until('the public text', async () => (await (await fetch(site.public)).text()).includes('window.pwned'));
  await site.act('it-bered', { update: { incident: '1', news: { known: { sv: EVIL.attribute, en: EVIL.script } } } });
  await site.act('tib', { mode: { site: 'HS', mode: 'reinforced', reason: EVIL.svg } });

  const tib = await Walk.of(browser, 'TiB, hostile', { viewport: PHONE });
  await tib.in(site, 'tib');
  const urls = await found(tib.page, site);
  const met = [];
  // A page without rules of its own reads what was sent.
  const judge = await (await browser.newContext()).newPage();
  for (const url of urls) {
    const said = await assault(tib.page, url, met);
    check(said.length === 0, `hostile at ${url}: ${said[0]}`);
  }
  check(met.length >= 12, `hostile: only ${met.length} forms were met: ${met.join('; ')}`);
  // Behind the link there is no script at all.
  for (const fill of FILLS) {
    await kib.page.goto(link);
    const summary = kib.page.locator('section.sheet details:has(textarea[name="text.sv"]) > summary').first();
    if (!(await summary.count())) break;
    await summary.click();
    await kib.page.locator('section.sheet textarea[name="text.sv"]').first().fill(fill.replace('\u0000', ''));
    await kib.tap('section.sheet button[value=change]');
    const html = await kib.page.content();
    const bad = await judge.evaluate(read, [html, foreign.toString()]);
    check(bad.length === 0, `hostile behind a link: ${bad[0]}`);
  }
  // All of it once more, as a browser shows it.
  const shown = [...new Set([...urls, link, site.public, `${site.public}/sv`, `${site.public}/en`, `${site.public}/embed`])];
  let literal = 0;
  for (const url of shown) {
    const got = await tib.page.goto(url);
    if (!(got.headers()['content-type'] || '').startsWith('text/html')) continue;
    const bad = await judge.evaluate(read, [await got.text(), foreign.toString()]);
    check(bad.length === 0, `hostile: ${url} shows ${bad[0]}`);
    check((await tib.page.evaluate(() => globalThis.pwned)) === undefined, `hostile: something ran at ${url}`);
    const text = await tib.page.evaluate(() => document.documentElement.textContent);
    if (text.includes(EVIL.script)) literal += 1;
  }
  check(literal >= 4, `hostile: ${literal} pages show what was written, letter by letter`);
  for (const feed of ['feed.sv.atom', 'feed.en.atom', 'feed.xml', 'state.json']) {
    const got = await fetch(`${site.public}/${feed}`);
    if (got.status !== 200) continue;
    const text = await got.text();
    if (feed.endsWith('json')) {
      JSON.parse(text);
    } else {
      const broken = await tib.page.evaluate((xml) => {
        const read = new DOMParser().parseFromString(xml, 'application/xml');
        return read.querySelector('parsererror, script') ? 1 : 0;
      }, text);
      check(broken === 0, `hostile: ${feed} is no XML, or has a script`);
    }
  }
  console.log(`         ${Object.keys(EVIL).length} kinds of words into ${met.length} forms; ${shown.length} pages looked at, ${literal} of them show the words`);
  await judge.context().close();
  await Promise.all([it, kib, tib].map((who) => who.end()));
  await site.end();
};

exports.forms = async function forms(browser) {
  const site = await Site.start('forms');
  await site.act('it-bered', { report: { playbook: 'ehr-down', level: 'major', safety: 'no' } });
  const tib = await Walk.of(browser, 'TiB, forms', { viewport: PHONE });
  await tib.in(site, 'tib');
  const { page } = tib;
  const device = site.deviceLink('kib').slice(site.console.length);
  // Another server on this machine: to a browser the same site, and yet another origin.
  const page_of = (to, pairs, kind) => `<!doctype html><form method=post action="${site.console}${to}" enctype="${kind}">${Object.entries(pairs).map(([n, v]) => `<input name='${n}' value='${v}'>`).join('')}</form>`;
  const sent = [
    ['/now', { message: '1-1', function: 'tib' }],
    ['/incidents/1', { do: 'ack', function: 'tib' }],
    ['/incidents/1', { do: 'stop', reason: 'x', go: 'send' }],
    ['/incidents/1/decide', { do: 'decide', proposal: '0', yes: '1' }],
    ['/approve/1-2', { do: 'reject', reason: 'x' }],
    ['/mode', { site: 'HS', mode: 'disaster', reason: 'x' }],
    ['/acting', { function: 'kib', back: '/' }],
    ['/report', { step: 'check', playbook: 'ehr-down', level: 'critical' }],
    ['/account', { do: 'revoke', device: 'x' }],
    ['/sign-out', {}],
    ['/sign-in', { token: site.token, next: '/' }],
    [device, {}],
    ['/api/v1/commands', { '{"as":"tib","action":{"mode":{"site":"HS","mode":"disaster","reason":"': '"}}}' }, 'text/plain'],
  ];
  let now = '';
  const evil = http.createServer((_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end(now));
  await new Promise((done) => evil.listen(0, '127.0.0.1', done));
  const before = await records(site);
  check(before.split(' ').length >= 2, `forms: a device and a report are on record: ${before}`);
  const cookies = JSON.stringify(await page.context().cookies());
  for (const [to, pairs, kind] of sent) {
    now = page_of(to, pairs, kind || 'application/x-www-form-urlencoded');
    await page.goto(`http://127.0.0.1:${evil.address().port}/`);
    const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === 'POST'), page.waitForURL(`${site.console}/**`), page.evaluate(() => document.forms[0].submit())]);
    check(answer.status() >= 400, `forms: ${to} from another origin gets ${answer.status()}`);
  }
  evil.close();
  check((await records(site)) === before, 'forms: nothing came on record by a form of another origin');
  check(JSON.stringify(await page.context().cookies()) === cookies, 'forms: the session is the one before');
  await page.goto(`${site.console}/`);
  await tib.says('TiB', '.me');
  await page.goto(`${site.console}${device}`);
  check((await page.locator('main form button').count()) === 1, 'forms: the link of a device is not used up');

  // A cookie that somebody else put there is no session, and is not the one after the sign-in.
  const planted = 'a'.repeat(64);
  const other = await Walk.of(browser, 'a planted cookie', { viewport: PHONE });
  await other.page.context().addCookies([{ name: 'vardkase', value: planted, url: site.console }]);
  await other.page.goto(`${site.console}/`);
  check(other.page.url().includes('/sign-in'), `forms: a planted cookie opens ${other.page.url()}`);
  await other.page.locator('details:has(input[name=token]) > summary').click();
  await other.page.fill('input[name=token]', site.token);
  await other.page.press('input[name=token]', 'Enter');
  await other.page.waitForURL('**/acting**');
  const [mine] = (await other.page.context().cookies()).filter((c) => c.name === 'vardkase');
  check(mine.value !== planted && mine.httpOnly && mine.sameSite === 'Strict', `forms: the session's cookie is its own: ${JSON.stringify({ ...mine, value: '…' })}`);
  const with_planted = await fetch(`${site.console}/`, { headers: { cookie: `vardkase=${planted}` }, redirect: 'manual' });
  check(with_planted.status === 303, `forms: the planted cookie is no session: ${with_planted.status}`);

  // Nobody is sent elsewhere.
  const away = ['//evil.example', 'https://evil.example', '/\\evil.example', '\\\\evil.example', '/%09/evil.example', '/%5Cevil.example', 'javascript:alert(1)', '/\t/evil.example', '////evil.example/%2e%2e', 'http:evil.example', '/\n//evil.example'];
  const own_cookie = `vardkase=${mine.value}`;
  const head = { cookie: own_cookie, origin: site.console, 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };
  let csrf = (await other.page.locator('input[name=csrf]').first().getAttribute('value'));
  const stays = (to, from) => {
    const at = new URL(to, from);
    return at.origin === site.console || at.origin === site.public;
  };
  for (const to of away) {
    const gets = [`/sign-in?next=${encodeURIComponent(to)}`, `/acting?back=${encodeURIComponent(to)}`, `/?done=${encodeURIComponent(to)}`, `/report?draft=${encodeURIComponent(to)}`, `/incidents/${encodeURIComponent(to)}`, `/directory/${encodeURIComponent(to)}`, `/approve/${encodeURIComponent(to)}`, `/${to}`];
    for (const get of gets) {
      const got = await fetch(site.console + get, { headers: { cookie: own_cookie, accept: 'text/html' }, redirect: 'manual' });
      const location = got.headers.get('location');
      check(!location || stays(location, site.console + get), `forms: ${get} leads to ${location}`);
      const leads = await other.page.evaluate((html) => {
        const read = new DOMParser().parseFromString(html, 'text/html');
        const of = (all, name) => [...read.querySelectorAll(all)].map((e) => e.getAttribute(name));
        return [...of('a[href]', 'href'), ...of('form[action]', 'action'), ...of('input[name=next], input[name=back]', 'value')];
      }, await got.text());
      const out = leads.filter((lead) => !lead.startsWith('tel:') && !stays(lead, site.console + '/'));
      check(out.length === 0, `forms: ${get} has a way to ${out[0]}`);
    }
    for (const at of ['/sign-in', '/acting']) {
      const body = at === '/acting' ? { csrf, function: 'tib', back: to } : { token: site.token, next: to };
      const got = await fetch(site.console + at, { method: 'POST', headers: head, body: new URLSearchParams(body), redirect: 'manual' });
      const location = got.headers.get('location');
      check(location && stays(location, site.console + at) && stays(new URL(location, site.console).searchParams.get('back') || '/', site.console), `forms: ${at} with ${JSON.stringify(to)} leads to ${location} (${got.status})`);
      head.cookie = (got.headers.get('set-cookie') || head.cookie).split(';')[0];
      if (at === '/sign-in') await fetch(site.console + '/acting', { headers: head }).then((r) => r.text()).then((html) => (csrf = html.match(/name="csrf" value="([^"]+)"/)?.[1]));
    }
  }
  await Promise.all([tib, other].map((who) => who.end()));
  await site.end();
};
