/**
 * Captures of a play: tcpdump where the play says, and its files in the form the case ships.
 *
 *   { file: capture.pcapng, at: [node-a, node-b], interface: any, snaplen: 96, direction: in, filter: "tcp",
 *     precision: nano | micro, link: LINUX_SLL }
 * `at`: nodes, pods, hosts or `router` (interface `lan` is the nodes' network). `file` ends in .pcap or .pcapng, and
 * .gz or .zst behind that. A .pcapng may come from several places: one interface each, named "place:interface".
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { toPcapng } from './pcapng.mjs';
import { resolveEnd } from './plan.mjs';
import { end, run, start, until } from './shell.mjs';

/** @typedef {import('./plan.mjs').Plan} Plan */
/** @typedef {{ name: string, raw: string, tcpdump: import('./shell.mjs').Started }} Tap */

/** Starts every capture of the play. @param {Plan} plan @param {string} temporary @returns {Promise<() => Promise<string[]>>} ends them and writes the files */
export async function startCaptures(plan, temporary) {
  const wanted = plan.play.captures ?? [{ file: 'capture.pcapng', at: plan.nodes.map(node => node.name) }];
  const captures = await Promise.all(
    wanted.map(async (/** @type {any} */ capture, /** @type {number} */ index) => ({
      capture,
      taps: await Promise.all(
        [capture.at].flat().map((place, tap) => startTap(plan, capture, place, join(temporary, `tap-${index}-${tap}`))),
      ),
    })),
  );
  return async () => {
    for (const tap of captures.flatMap(({ taps }) => taps)) await stopTap(tap);
    for (const { capture, taps } of captures) await write(plan.folder, capture, taps);
    return wanted.map((/** @type {any} */ capture) => capture.file);
  };
}

/** @param {Plan} plan @param {any} capture @param {string} place @param {string} raw @returns {Promise<Tap>} */
async function startTap(plan, capture, place, raw) {
  const node = plan.nodes.find(candidate => candidate.name === place);
  const at = /** @type {any} */ (node ?? resolveEnd(plan, place).place);
  const device = deviceOf(plan, capture.interface ?? (node ? 'any' : 'eth0'));
  const snaplen = String(capture.snaplen ?? 65535);
  const micro = capture.precision === 'micro' || (!capture.precision && !capture.file.includes('.pcapng'));
  const args = ['-i', device, '-n', '-U', '--immediate-mode', '-Z', 'root', '-w', raw, '-B', '65536'];
  args.push('-s', snaplen, '--time-stamp-precision', micro ? 'micro' : 'nano');
  if (capture.direction) args.push('-Q', capture.direction);
  if (capture.link) args.push('-y', capture.link);
  if (capture.filter) args.push(capture.filter);
  const tcpdump = start('ip', ['netns', 'exec', at.namespace, 'tcpdump', ...args]);
  await until(`tcpdump at ${place}\n${tcpdump.stderr}`, () => tcpdump.stderr.includes('listening on'));
  return { name: `${place}:${capture.interface ?? device}`, raw, tcpdump };
}

/** "veth:shop/web" is the node's end of that pod's interface. @param {Plan} plan @param {string} name */
function deviceOf(plan, name) {
  if (!name.startsWith('veth:')) return name;
  const pod = plan.pods.find(candidate => candidate.name === name.slice('veth:'.length));
  if (!pod) throw new Error(`play.yaml: captures: no pod for ${name}`);
  return pod.interface;
}

/** @param {Tap} tap */
async function stopTap(tap) {
  end(tap.tcpdump, 'SIGINT');
  await tap.tcpdump.done;
  const lost = /(\d+) packets? dropped by kernel/.exec(tap.tcpdump.stderr)?.[1] ?? '?';
  if (lost !== '0') throw new Error(`${tap.name}: tcpdump lost ${lost} packets\n${tap.tcpdump.stderr}`);
}

/** @param {string} folder @param {any} capture @param {Tap[]} taps */
async function write(folder, capture, taps) {
  const files = taps.map(tap => ({ name: tap.name, bytes: readFileSync(tap.raw) }));
  const [, form, packing] = /\.(pcap|pcapng)(\.gz|\.zst)?$/.exec(capture.file) ?? [];
  if (!form) throw new Error(`play.yaml: captures: ${capture.file} ends neither in .pcap nor in .pcapng`);
  if (form === 'pcap' && files.length !== 1)
    throw new Error(`play.yaml: captures: ${capture.file}: a .pcap is of one place`);
  const bytes = form === 'pcap' ? /** @type {Buffer} */ (files[0]?.bytes) : toPcapng(files);
  const path = join(folder, capture.file);
  if (packing === '.gz') writeFileSync(path, gzipSync(bytes, { level: 9 }));
  else writeFileSync(packing ? path.slice(0, -4) : path, bytes);
  if (packing === '.zst') await run('zstd', ['-q', '-f', '-19', '--rm', path.slice(0, -4)]);
}
