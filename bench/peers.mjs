/**
 * Other programs over the same capture, in the same run.
 *
 * In:  the capture.  Out: [{ name, nanoseconds }], CPU time a packet, null where a program is not installed.
 * None of them does what a replay does; they show what reading, filtering and dissecting cost on this machine.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, isInstalled } from './process.mjs';

/** tshark takes some hundred times as long as the others. */
const TSHARK_PACKETS = 20_000;
const FIELDS = ['ip.src', 'ip.dst', 'ip.proto', 'tcp.srcport', 'tcp.dstport'].flatMap(field => ['-e', field]);
/** Twenty hosts that do not occur and a protocol: every packet is compared with all. */
const TERMS = [...Array.from({ length: 20 }, (_, i) => `host 192.0.2.${i + 1}`), 'icmp6'].join(' or ');

export function measurePeers(capture, { packets, folder, generate, ...options }) {
  const few = Math.min(packets, TSHARK_PACKETS);
  const small = join(folder, 'small.pcap');
  if (isInstalled('tshark')) generate(small, { ...options, packets: few });
  const parser = fileURLToPath(new URL('pcap-parser.mjs', import.meta.url));
  const peers = [
    ['cat', packets, 'cat', capture],
    ['tcpdump, one term', packets, 'tcpdump', '-r', capture, '-w', '/dev/null', 'ip'],
    ['tcpdump, 21 terms', packets, 'tcpdump', '-r', capture, '-w', '/dev/null', TERMS],
    ['pcap-parser (npm)', packets, process.execPath, parser, capture],
    [`tshark, five fields (${few} packets)`, few, 'tshark', '-r', small, '-T', 'fields', ...FIELDS],
  ];
  return peers.map(([name, count, command, ...args]) => {
    const seconds = cpuSeconds(command, ...args);
    return { name, nanoseconds: seconds === null ? null : (seconds * 1e9) / count };
  });
}
