// A short-message centre on npm's `smpp`, which nobody here wrote: what it decodes is what our octets mean to others.
//
// usage: node smsc.js PORT FOLDER [FAULT]      login tester / secret
//   FOLDER/shown    a JSON line for each text as a telephone shows it, parts joined: {"to", "text", "parts"}
//   FOLDER/heard    a JSON line for each thing that happened: bind, submit, deliver_sm_resp
//   FOLDER/mo/*     somebody writes: first line the number, the rest the text; the file goes when it was sent on
//
// The last four digits of a number choose: 0001 ESME_RINVDSTADR, 0002 every second too fast, 0003 receipt UNDELIV, 0004 no
// receipt, 0005 no answer, 0006 closes, 0007 receipt before the answer, 0010 number hexadecimal in the answer and decimal in
// the receipt, 0011 receipt twice.
// FAULT, for all numbers: drop, accepts all and shows it to nobody, no receipts; later, ESME_RTHROTTLED for ever; odd, a status that
// no list has.
'use strict';
const smpp = require('smpp'), fs = require('fs'), path = require('path');
const port = +process.argv[2], folder = process.argv[3], fault = process.argv[4] || '', mo = path.join(folder, 'mo');
fs.mkdirSync(mo, {recursive: true});
const line = (file, what) => fs.appendFileSync(path.join(folder, file), JSON.stringify(what) + '\n');
let ids = 9, submits = 0;
const joining = new Map(), receivers = new Set();

const text = m => m === undefined ? '' : typeof m === 'string' ? m : m.message === undefined ? '' : m.message.toString();

// Where the parts of a text belong: by header, by sar parameters, or nowhere.
function part(p) {
    for (const element of (p.short_message && p.short_message.udh) || []) {
        if (element[0] === 0 && element[1] === 3) return [element[2], element[3], element[4]];
        if (element[0] === 8 && element[1] === 4) return [element[2] * 256 + element[3], element[4], element[5]];
    }
    return p.sar_total_segments > 1 ? [p.sar_msg_ref_num, p.sar_total_segments, p.sar_segment_seqnum] : null;
}

function show(p) {
    const plus = p.dest_addr_ton === 1 ? '+' : '', to = plus + p.destination_addr;
    const one = text(p.message_payload !== undefined ? p.message_payload : p.short_message);
    const at = part(p);
    if (!at) return line('shown', {to, text: one, parts: 1});
    const key = [to, at[0], at[1]].join(' '), have = joining.get(key) || new Map();
    have.set(at[2], one);
    joining.set(key, have);
    if (have.size < at[1]) return;
    joining.delete(key);
    line('shown', {to, text: [...Array(at[1]).keys()].map(i => have.get(i + 1)).join(''), parts: at[1]});
}

function receipt(session, p, id, good) {
    const [word, err, state] = good ? ['DELIVRD', '000', 2] : ['UNDELIV', '001', 5];
    const decimal = p.destination_addr.endsWith('0010');
    const written = decimal ? String(parseInt(id, 16)) : id;
    const message = `id:${written} sub:001 dlvrd:001 submit date:2611220312 done date:2611220313 stat:${word} err:${err} text:`;
    const pdu = {esm_class: 4, source_addr: p.destination_addr, source_addr_ton: p.dest_addr_ton, destination_addr: p.source_addr,
        short_message: message};
    if (!decimal) Object.assign(pdu, {receipted_message_id: id, message_state: state});
    const to = receivers.has(session) ? session : [...receivers].pop();
    if (to) to.deliver_sm(pdu);
}

smpp.createServer({}, session => {
    session.on('error', e => line('heard', {error: e.message}));
    session.on('close', () => receivers.delete(session));
    for (const command of ['bind_transceiver', 'bind_receiver', 'bind_transmitter']) {
        session.on(command, p => {
            const good = p.system_id === 'tester' && p.password === 'secret';
            line('heard', {[command]: good, version: p.interface_version});
            if (!good) {
                session.send(p.response({command_status: smpp.ESME_RINVPASWD}));
                return session.close();
            }
            session.send(p.response({system_id: 'NPMSMSC'}));
            if (command !== 'bind_transmitter') receivers.add(session);
        });
    }
    session.on('enquire_link', p => session.send(p.response()));
    session.on('unbind', p => { session.send(p.response()); session.close(); });
    session.on('submit_sm', p => {
        const ending = p.destination_addr.slice(-4), nth = submits++;
        if (fault === 'drop') return session.send(p.response({message_id: (ids++).toString(16).padStart(8, '0')}));
        if (fault === 'later') return session.send(p.response({command_status: smpp.ESME_RTHROTTLED}));
        if (fault === 'odd') return session.send(p.response({command_status: 0x7ead}));
        if (ending === '0001') return session.send(p.response({command_status: smpp.ESME_RINVDSTADR}));
        if (ending === '0002' && nth % 2) return session.send(p.response({command_status: smpp.ESME_RTHROTTLED}));
        if (ending === '0006') return session.destroy();
        if (ending !== '0003') show(p);
        if (ending === '0005') return;
        const id = (ids++).toString(16).padStart(8, '0'), answer = () => session.send(p.response({message_id: id}));
        const wants = p.registered_delivery && ending !== '0004';
        if (ending === '0007' && wants) receipt(session, p, id, true);
        answer();
        if (ending !== '0007' && wants) setTimeout(() => receipt(session, p, id, ending !== '0003'), 20);
        if (ending === '0011' && wants) setTimeout(() => receipt(session, p, id, true), 40);
    });
}).listen(port, '127.0.0.1', () => line('heard', {listening: port}));

setInterval(() => {
    const to = [...receivers].pop();
    if (!to) return;
    for (const name of fs.readdirSync(mo)) {
        if (name.startsWith('.')) continue;
        const whole = fs.readFileSync(path.join(mo, name), 'utf8'), cut = whole.indexOf('\n');
        const from = whole.slice(0, cut), said = whole.slice(cut + 1), ton = from.startsWith('+') ? 1 : 0;
        fs.unlinkSync(path.join(mo, name));
        to.deliver_sm({source_addr: from.replace('+', ''), source_addr_ton: ton, destination_addr: '72112', short_message: said},
            p => line('heard', {deliver_sm_resp: p.command_status, name}));
    }
}, 50);
