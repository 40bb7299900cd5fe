/**
 * Other programs that read the same captures.
 *
 * Out: contenders: { name, does, program, package, command, args: capture -> arguments, few }; `package` is Debian's, `few`
 * that the program is so slow that it gets a small capture of the same traffic. None of them does what a replay does:
 * `does` says what each one does.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIELDS = ['ip.src', 'ip.dst', 'ip.proto', 'tcp.srcport', 'tcp.dstport'].flatMap(field => ['-e', field]);
/** Twenty hosts that do not occur and a protocol: every packet is compared with all. */
export const TERMS = [...Array.from({ length: 20 }, (_, i) => `host 192.0.2.${i + 1}`), 'sctp'].join(' or ');

const parser = fileURLToPath(new URL('pcap-parser.mjs', import.meta.url));

/** @param connections flow tables are given room for; @param folder what they write goes here */
export function createPeers({ connections, folder }) {
  const debian = (program, name, does, args, more = {}) => ({
    name,
    does,
    program,
    package: program,
    command: program,
    args,
    few: false,
    ...more,
  });
  return [
    debian('cat', 'cat', 'copies the bytes to /dev/null', capture => [capture], { package: 'coreutils' }),
    debian('tcpdump', 'tcpdump, one term', 'a filter that every packet passes, to /dev/null', capture => [
      ...['-r', capture, '-w', '/dev/null', 'ip or ip6'],
    ]),
    debian('tcpdump', 'tcpdump, 21 terms', 'a filter that compares every packet 21 times', capture => [
      ...['-r', capture, '-w', '/dev/null', TERMS],
    ]),
    debian('nfpcapd', 'nfpcapd', 'a table of flows, written as files', capture => ['-r', capture, '-w', folder], {
      package: 'nfdump',
    }),
    debian('argus', 'argus', 'a table of flows with TCP states', capture => ['-X', '-r', capture, '-w', '/dev/null'], {
      package: 'argus-server',
    }),
    debian('softflowd', 'softflowd', 'a table of flows, counted', capture => [
      ...['-r', capture, '-d', '-6', '-m', String(2 * connections + 8192)],
      ...['-p', join(folder, 'softflowd.pid'), '-c', 'none'],
    ]),
    {
      ...debian(process.execPath, 'pcap-parser (npm)', 'record headers as objects, in JavaScript', capture => [
        parser,
        capture,
      ]),
      package: null,
    },
    debian(
      'tshark',
      'tshark, five fields',
      'dissects every layer',
      capture => ['-r', capture, '-T', 'fields', ...FIELDS],
      {
        few: true,
      },
    ),
  ];
}
