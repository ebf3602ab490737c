// A message centre for the tests, on npm's smpp. README.md has its language.
'use strict';
const smpp = require('smpp');
const readline = require('readline');

let session = null; // the one that was bound last
let throttle = { count: 0, status: 0 };
let mute = false; // at the next message
let ids = 0x1f00;
const texts = new Map(); // "from/ref" → parts

function say(event, fields) {
  process.stdout.write(JSON.stringify(Object.assign({ event }, fields)) + '\n');
}

// concat finds which part a message is: in its header, or in its parameters.
function concat(pdu) {
  for (const element of pdu.short_message.udh || []) {
    if (element[0] === 0x00) return { ref: element[2], total: element[3], seq: element[4] };
    if (element[0] === 0x08) return { ref: element.readUInt16BE(2), total: element[4], seq: element[5] };
  }
  if (pdu.sar_total_segments) return { ref: pdu.sar_msg_ref_num, total: pdu.sar_total_segments, seq: pdu.sar_segment_seqnum };
  return { ref: 0, total: 1, seq: 1 };
}

function submitted(s, pdu) {
  if (mute) {
    mute = false;
    s.silence();
    say('muted', {});
    return;
  }
  if (throttle.count > 0) {
    throttle.count--;
    say('throttled', {});
    s.send(pdu.response({ command_status: throttle.status }));
    return;
  }
  const k = concat(pdu);
  const payload = pdu.message_payload && (pdu.message_payload.message || pdu.message_payload);
  const text = payload || pdu.short_message.message;
  const id = (++ids).toString(16);
  say('submit', {
    from: pdu.source_addr, to: pdu.destination_addr, text, total: k.total, seq: k.seq, ref: k.ref,
    coding: pdu.data_coding, id, receipt: pdu.registered_delivery & 1,
  });
  const key = pdu.source_addr + '/' + k.ref;
  const parts = texts.get(key) || [];
  parts[k.seq - 1] = text;
  texts.set(key, parts);
  if (parts.filter((p) => p !== undefined).length === k.total) {
    texts.delete(key);
    say('text', { text: parts.join('') });
  }
  s.send(pdu.response({ message_id: id }));
}

const server = smpp.createServer((s) => {
  let silent = false;
  const heard = (command, then) => s.on(command, (pdu) => { if (!silent) then(pdu); });
  s.silence = () => { silent = true; };
  s.on('error', () => {});
  s.on('close', () => say('closed', {}));
  heard('bind_transceiver', (pdu) => {
    session = s;
    s.send(pdu.response({ system_id: 'npm' }));
    say('bound', { system_id: pdu.system_id, password: pdu.password });
  });
  heard('submit_sm', (pdu) => submitted(s, pdu));
  heard('enquire_link', (pdu) => { s.send(pdu.response()); say('enquire', {}); });
  heard('deliver_sm_resp', (pdu) => say('deliver_resp', { status: pdu.command_status }));
  heard('enquire_link_resp', () => say('enquire_resp', {}));
  heard('unbind_resp', () => { say('unbind_resp', {}); s.close(); });
  heard('unbind', (pdu) => { say('unbind', {}); s.send(pdu.response()); s.close(); });
});

const commands = {
  deliver(c) {
    const parts = c.text.match(/[^]{1,67}/g);
    for (const seq of c.order) {
      session.deliver_sm({
        source_addr_ton: 1, source_addr_npi: 1, source_addr: '79001234567', destination_addr: '4217', data_coding: 8,
        short_message: { udh: Buffer.from([5, 0, 3, c.ref, parts.length, seq]), message: parts[seq - 1] },
      });
    }
  },
  receipt(c) {
    const id = parseInt(c.id, 16).toString(10);
    session.deliver_sm({
      source_addr: '79001234567', destination_addr: '4217', esm_class: 4, receipted_message_id: id,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611230844 done date:2611230845 stat:${c.state} err:000 text:`,
    });
  },
  throttle(c) { throttle = { count: c.count, status: c.status }; },
  enquire() { session.enquire_link(); },
  unbind() { session.unbind(); },
  mute() { mute = true; },
};

server.listen(0, '127.0.0.1', () => say('listening', { port: server.address().port }));
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const c = JSON.parse(line); commands[c.cmd](c); })
  .on('close', () => process.exit(0));
