// A region of a test's own: the program with the shipped configuration, and an SMS gateway that shows what telephones show.
'use strict';
const fs = require('fs');
const path = require('path');
const { spawn, execFileSync } = require('child_process');

const PROGRAM = process.env.BROWSER_PROGRAM;
const DIR = process.env.BROWSER_DIR;
const ports = (process.env.BROWSER_PORTS || '').trim().split(/\s+/).map(Number);
const SECRETS = {
  VARDKASE_SMS_API_PASSWORD: 'secret', VARDKASE_SMS_MODEM_PASSWORD: 'secret', VARDKASE_SMS_MODEM_CALLBACK: 'hemligt-nog-for-ett-prov',
  VARDKASE_FAX_IP_PASSWORD: 'secret', VARDKASE_FAX_MOB_PASSWORD: 'secret',
};
/** Nobody is at work by day: these are TiB's now. */
const COVERED = ['nat-jour', 'srv-jour', 'app-jour', 'mt-bered', 'fast-jour', 'so-vard', 'so-infra', 'iva', 'akm', 'op-koord', 'lab-bered', 'rtg-bered'];
/** So long a server may take to listen, or to end, in milliseconds. */
const WAIT_MS = 20000;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Until it gives something; what it says is what is missed. */
async function until(what, look) {
  for (const began = Date.now(); Date.now() - began < WAIT_MS; await sleep(50)) {
    const got = await look();
    if (got) return got;
  }
  throw new Error(`${what} did not come within ${WAIT_MS / 1000} s`);
}

const listens = (url) => until(url, () => fetch(url, { redirect: 'manual' }).then(() => true, () => false));

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

function child(program, args, log) {
  const out = fs.openSync(log, 'a');
  const it = spawn(program, args, { stdio: ['ignore', out, out], env: { ...process.env, ...SECRETS } });
  children.add(it);
  it.on('exit', () => children.delete(it));
  return it;
}

async function end(it) {
  if (it.exitCode !== null || it.signalCode !== null) return;
  const ended = new Promise((done) => it.on('exit', done));
  it.kill('SIGTERM');
  const late = setTimeout(() => it.kill('SIGKILL'), WAIT_MS);
  await ended;
  clearTimeout(late);
}

/** What a test has otherwise than the shipped region. */
function configure(folder, sms, covered) {
  const edit = (file, change) => {
    const at = path.join(folder, file);
    const before = fs.readFileSync(at, 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`${file} is not written as it was: change site.js too`);
    fs.writeFileSync(at, after);
  };
  edit('channels/sms.yaml', (text) => text.replace(/ {4}smpp:\n( {6}.*\n)+/, `    http:
      url: http://127.0.0.1:${sms}/send
      preset: generic
      body: form
      fields: { to: "{to}", from: "{from}", text: "{text}", id: "{id}", callback: "{callback}" }
      success: accepted
      user: vardkase
      password: { env: VARDKASE_SMS_API_PASSWORD }
      from: "+46701740699"
      callback_secret: { env: VARDKASE_SMS_MODEM_CALLBACK }
`));
  if (covered.length === 0) return;
  // One minute a day is office hours, and it is not near.
  const far = (minutes) => new Date(Date.now() + 12 * 3600e3 + minutes * 60e3).toISOString().slice(11, 16);
  const [from, to] = far(0) < far(1) ? [far(0), far(1)] : ['12:00', '12:01'];
  edit('contacts/organisation.yaml', (text) => text.replace(/office_hours: .*/, `office_hours: { from: ${from}, to: ${to} }`));
  edit('contacts/functions.yaml', (text) => covered.reduce((all, f) =>
    all.replace(new RegExp(`(\\n  ${f}:\\n(?: {4}.*\\n)*?    site: .*\\n)(?! {4}(?:place: .*\\n {4})?hours)`), '$1    hours: day\n    covered_by: tib\n'), text));
}

class Site {
  /** Fresh, with nobody in it. `more`: options of the server; `covered`: functions that are TiB's now. */
  static async start(name, more = [], covered = COVERED) {
    const it = new Site();
    it.dir = path.join(DIR, name);
    it.more = more;
    it.ports = ports.splice(0, 3);
    if (it.ports.length < 3 || it.ports.some(Number.isNaN)) throw new Error('BROWSER_PORTS has too few ports');
    const [console_, public_, sms] = it.ports;
    Object.assign(it, { console: `http://127.0.0.1:${console_}`, public: `http://127.0.0.1:${public_}`, state: path.join(it.dir, 'state') });
    fs.mkdirSync(path.join(it.dir, 'sms'), { recursive: true });
    const region = path.join(it.dir, 'region');
    execFileSync(PROGRAM, ['config', 'init', region, '--built-in'], { stdio: 'ignore' });
    configure(region, sms, covered);
    it.far = child('node', [path.join(__dirname, '../ways/http.js'), String(sms), path.join(it.dir, 'sms')], path.join(it.dir, 'sms.log'));
    await it.serve();
    return it;
  }
  async serve() {
    const [console_, public_] = this.ports;
    this.server = child(PROGRAM, ['serve', '--config', path.join(this.dir, 'region'), '--state', this.state,
      '--listen', `127.0.0.1:${console_}`, '--public-listen', `127.0.0.1:${public_}`, '--public-url', this.public, ...this.more],
    path.join(this.dir, 'serve.log'));
    await listens(`${this.console}/healthz`);
    await listens(this.public);
  }
  async restart() {
    await end(this.server);
    await this.serve();
  }
  async cut() {
    await end(this.server);
  }
  async end() {
    await end(this.server);
    await end(this.far);
  }
  get token() {
    return fs.readFileSync(path.join(this.state, 'console-token'), 'utf8').trim();
  }
  /** A request to the API, as the server's owner. */
  async api(method, at, body) {
    const answer = await fetch(`${this.console}/api/v1${at}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${JSON.stringify(said)}`);
    return said;
  }
  act(duty, action) {
    return this.api('POST', '/commands', { as: duty, action });
  }
  /** What the command line prints for programs. */
  told(...args) {
    const all = [...args, '--json', '--server', this.console, '--token-file', path.join(this.state, 'console-token')];
    return JSON.parse(execFileSync(PROGRAM, all, { encoding: 'utf8' }));
  }
  /** The link that makes a browser the device of a duty. */
  deviceLink(duty) {
    const told = this.told('device', 'add', '--function', duty, '--url', this.console);
    return told.link;
  }
  /** The texts that a telephone shows. */
  texts(number) {
    const file = path.join(this.dir, 'sms', 'shown');
    if (!fs.existsSync(file)) return [];
    const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
    return lines.filter((line) => line.to === number).map((line) => line.text);
  }
  /** The newest link that a telephone got, once there is one that was not there before. */
  link(number, after = 0) {
    return until(`a link for ${number}`, () => this.texts(number).slice(after).map((t) => (t.match(/http:\S+\/a\/\S+/) || [])[0]).filter(Boolean).pop());
  }
}

module.exports = { Site, COVERED, until, sleep };
