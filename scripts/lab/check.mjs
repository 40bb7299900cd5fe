#!/usr/bin/env node
/**
 * Holds a case's expected*.yaml against what tshark sees in its captures: node scripts/lab/check.mjs <case folder>...
 *
 * In:  <case>/cluster.yaml, expected*.yaml and captures.  Out: every conversation of the capture that no entry covers,
 * every entry without a packet, counts that differ; exit 1 where there are any. `--list` prints the conversations.
 * It knows nothing of policies and nothing of policap: it proves that the expectations are about this capture, whole.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isIPv6, ownerOf, readPlan } from './plan.mjs';

/** @typedef {{ from: string, to: string, protocol: string, port: string, family: number, first: number, frames: number,
 *   tuples: Set<string> }} Conversation */

const FIELDS = [
  'frame.number',
  'ip.src',
  'ip.dst',
  'ipv6.src',
  'ipv6.dst',
  'ip.proto',
  'ipv6.nxt',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.flags',
  'udp.srcport',
  'udp.dstport',
  'sctp.srcport',
  'sctp.dstport',
  'icmp.type',
  'icmpv6.type',
  'icmp.ident',
  'icmpv6.echo.identifier',
];
/** ICMP and ICMPv6 echo requests and replies: all else of ICMP is an error or belongs to the link. */
const ECHO = ['0', '8', '128', '129'];
const CAPTURE = /\.pcap(ng)?(\.gz|\.zst)?$/;

/** tshark's fields of every packet; of a tunnel's packet the inner one's. @param {string} file */
function packetsOf(file) {
  const args = ['-r', file, '-n', '-T', 'fields', '-E', 'occurrence=a', '-o', 'ip.defragment:FALSE'];
  args.push('-o', 'ipv6.defragment:FALSE', '-d', 'udp.port==8472,vxlan', ...FIELDS.flatMap(field => ['-e', field]));
  const text = execFileSync('tshark', args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  });
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => Object.fromEntries(line.split('\t').map((value, index) => [FIELDS[index], value])));
}

/** What expected.yaml calls an address; a name is its own. @param {import('./plan.mjs').Plan} plan @param {string} address */
function nameOf(plan, address) {
  if (isIP(address) === 0) return address;
  const owner = ownerOf(plan, address);
  if (!owner || plan.hosts.includes(/** @type {any} */ (owner)) || owner === plan.router) return address;
  if (plan.nodes.includes(/** @type {any} */ (owner))) return `node/${owner.name}`;
  return plan.services.includes(/** @type {any} */ (owner)) ? `service/${owner.name}` : owner.name;
}

/** @param {import('./plan.mjs').Plan} plan @param {Record<string, string>[]} packets */
function conversationsOf(plan, packets) {
  /** @type {Map<string, Conversation>} */
  const found = new Map();
  /** Which way a five-tuple was opened. @type {Map<string, string>} */
  const opened = new Map();
  for (const packet of packets) {
    const all = (/** @type {string} */ field) => (packet[field] ?? '').split(',');
    const get = (/** @type {string} */ field) => all(field).at(-1) ?? '';
    const error = [...all('icmp.type'), ...all('icmpv6.type')].some(type => type && !ECHO.includes(type));
    // Nothing here carries IPv4 in IPv6, so an IPv6 header is the inner one.
    const version = get('ipv6.src') ? 'ipv6' : 'ip';
    const [a, b] = [get(`${version}.src`), get(`${version}.dst`)];
    const layer4 = get(version === 'ipv6' ? 'ipv6.nxt' : 'ip.proto');
    const type = get('icmp.type') || get('icmpv6.type');
    const extended = layer4 === '44' || layer4 === '0'; // fragment and hop-by-hop headers
    const echo = layer4 === '1' || layer4 === '58' || (extended && type !== '');
    const kind = echo ? 'echo' : ['tcp', 'udp', 'sctp'].find(layer => get(`${layer}.srcport`));
    if (!a || !kind || error) continue;
    if (echo && !type) continue; // a later fragment
    const request = type === '8' || type === '128';
    const id = get('icmp.ident') || get('icmpv6.echo.identifier');
    const [sport, dport] = echo ? [id, id] : [get(`${kind}.srcport`), get(`${kind}.dstport`)];
    const forward = `${kind} ${a} ${sport} ${b} ${dport}`;
    const backward = `${kind} ${b} ${dport} ${a} ${sport}`;
    const flags = Number(get('tcp.flags')) & 0x12;
    let tuple = opened.get(forward) ?? opened.get(backward);
    if (!tuple) {
      // Without a handshake: a port that the sender's pod offers is a server's.
      const answers = flags !== 0x02 && offers(plan, a, sport) && !offers(plan, b, dport);
      tuple = (echo && !request) || flags === 0x12 || answers ? backward : forward;
      opened.set(tuple, tuple);
    }
    const turned = tuple === backward;
    const protocol = echo ? (isIPv6(a) ? 'ICMPv6' : 'ICMP') : kind.toUpperCase();
    const conversation = {
      from: nameOf(plan, turned ? b : a),
      to: nameOf(plan, turned ? a : b),
      protocol,
      port: echo ? '' : turned ? sport : dport,
      family: isIPv6(a) ? 6 : 4,
    };
    const key = Object.values(conversation).join(' ');
    const known = found.get(key) ?? {
      ...conversation,
      first: Number(get('frame.number')),
      frames: 0,
      tuples: new Set(),
    };
    known.frames++;
    known.tuples.add(tuple);
    found.set(key, known);
  }
  return [...found.values()];
}

/** Whether a pod declares the port. @param {import('./plan.mjs').Plan} plan @param {string} address @param {string} port */
const offers = (plan, address, port) =>
  plan.pods.some(pod => pod.addresses.includes(address) && pod.ports.some(p => p.containerPort === Number(port)));

/** Whether an entry of expected.yaml is about a conversation, in one of the views that a capture may have of it. @param {any} entry @param {Conversation} seen @param {import('./plan.mjs').Plan} plan */
function covers(entry, seen, plan) {
  const { from, to, port, views = [] } = entry;
  const isEnd = (/** @type {string} */ given, /** @type {string} */ name) => nameOf(plan, given) === name;
  const isTo = (/** @type {string} */ name, /** @type {string | number | undefined} */ wanted) =>
    isEnd(name, seen.to) && portIs(wanted, seen.port);
  return (
    entry.protocol === seen.protocol &&
    (entry.family ?? seen.family) === seen.family &&
    (isEnd(from, seen.from) || views.some((/** @type {any} */ view) => view.from && isEnd(view.from, seen.from))) &&
    (isTo(to, port) || views.some((/** @type {any} */ view) => isTo(view.to ?? to, view.port ?? port)))
  );
}

/** @param {string | number | undefined} wanted a port or a range @param {string} port */
function portIs(wanted, port) {
  const [low, high] = String(wanted ?? '').split('-');
  if (wanted === undefined || low === port) return true;
  return high !== undefined && Number(port) >= Number(low) && Number(port) <= Number(high);
}

/** @param {string} folder @param {boolean} list */
function checkCase(folder, list) {
  const plan = readPlan(folder, 'check');
  const problems = [];
  const files = readdirSync(folder);
  for (const file of files.filter(candidate => /^expected.*\.yaml$/.test(candidate))) {
    const expected = parse(readFileSync(join(folder, file), 'utf8'));
    const captures = expected.captures ?? files.filter(candidate => CAPTURE.test(candidate));
    const packets = captures.flatMap((/** @type {string} */ capture) => packetsOf(join(folder, capture)));
    const seen = conversationsOf(plan, packets);
    if (list)
      for (const c of seen)
        process.stdout.write(
          `${c.first}\t${c.from} -> ${c.to} ${c.protocol} ${c.port}\t${c.frames} frames, ${c.tuples.size} connections\n`,
        );
    const entries = expected.conversations ?? [];
    if (expected.packets?.total !== packets.length)
      problems.push(`${file}: packets.total is ${expected.packets?.total}, tshark sees ${packets.length}`);
    for (const c of seen)
      if (!entries.some((/** @type {any} */ entry) => covers(entry, c, plan)))
        problems.push(
          `${file}: no entry covers ${c.from} -> ${c.to} ${c.protocol} ${c.port} (packet ${c.first}, ${c.frames} frames, ${c.tuples.size} connections)`,
        );
    for (const entry of entries) {
      const own = seen.filter(c => covers(entry, c, plan));
      if (!own.length) problems.push(`${file}: no packet of ${JSON.stringify(entry)}`);
      const direct = own.filter(c => c.from === entry.from && c.to === entry.to);
      const count = direct.reduce((sum, c) => sum + c.tuples.size, 0);
      if (entry.connections !== undefined && direct.length && count !== entry.connections)
        problems.push(`${file}: ${count} connections of ${JSON.stringify(entry)}`);
    }
  }
  return problems;
}

const list = process.argv.includes('--list');
for (const folder of process.argv.slice(2).filter(argument => argument !== '--list')) {
  const problems = checkCase(folder, list);
  for (const problem of problems) process.stdout.write(`${folder}: ${problem}\n`);
  if (problems.length) process.exitCode = 1;
  else process.stdout.write(`${folder}: as expected\n`);
}
