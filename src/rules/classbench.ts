/**
 * ClassBench filters -> forward rules (Taylor and Turner, "ClassBench: A Packet Classification Benchmark") (cold).
 *
 * In:  lines `@src/len dst/len sport : sport dport : dport proto/mask [flags/mask]`, IPv4 or IPv6, in order of priority.
 * Out: one tier. The format has no actions and no default: a filter here is `allow`, and what no filter matches is
 * denied, so that the verdict tells whether a packet found one. TCP flags are not part of a connection's 5-tuple: read,
 * checked and ignored with a warning.
 */
import type { Position, Problem } from '../documents/document.js';
import { everywhere, fromCidr } from './addresses.js';
import type { RuleFileContent } from './rule-files.js';
import type { AddressSet, PortSet, Rule } from './ruleset.js';

const EXAMPLE = '@10.0.0.0/8 192.168.1.0/24 0 : 65535 80 : 80 0x06/0xFF';
const LINE =
  /^@(\S+)(\s+)(\S+)(\s+)(\d+\s*:\s*\d+)(\s+)(\d+\s*:\s*\d+)(\s+)(\S+)(?:(\s+)(0[xX][0-9a-fA-F]{1,4}\/0[xX][0-9a-fA-F]{1,4}))?\s*$/;

export function readClassBench(text: string, file: string): RuleFileContent {
  const problems: Problem[] = [];
  const rules: Rule[] = [];
  const prefixes = new Map<string, AddressSet | null>();
  let flags: Position | null = null;

  /** The same few prefixes stand in thousands of filters. */
  function prefix(word: string): AddressSet | null {
    let set = prefixes.get(word);
    if (set === undefined) {
      set = word.includes('/') ? fromCidr(word) : null;
      prefixes.set(word, set);
    }
    return set;
  }

  text.split('\n').forEach((full, i) => {
    const indent = full.length - full.trimStart().length;
    const line = full.trim();
    if (line === '' || line.startsWith('#')) return;
    const at = (offset: number): Position => ({ file, line: i + 1, column: indent + offset + 1 });
    const fail = (offset: number, message: string, hint?: string): void => {
      problems.push({ severity: 'error', position: at(offset), message, ...(hint === undefined ? {} : { hint }) });
    };
    const words = LINE.exec(line);
    if (words === null) {
      const shown = JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line);
      fail(0, `not a ClassBench filter: ${shown}`, `a filter reads: ${EXAMPLE}`);
      return;
    }
    const offsets: number[] = [0, 1];
    for (let g = 1; g < words.length; g++) offsets.push(offsets[g]! + (words[g]?.length ?? 0));

    const before = problems.length;
    const subjects = prefix(words[1]!);
    const peers = prefix(words[3]!);
    const sourcePorts = readPorts(words[5]!);
    const destinationPorts = readPorts(words[7]!);
    const protocol = readProtocol(words[9]!);
    if (subjects === null) fail(offsets[1]!, `source ${JSON.stringify(words[1])} is not an address prefix`);
    if (peers === null) fail(offsets[3]!, `destination ${JSON.stringify(words[3])} is not an address prefix`);
    if (subjects !== null && peers !== null && subjects.v4.length !== peers.v4.length) {
      fail(offsets[3]!, `source ${words[1]} and destination ${words[3]} are of different address families`);
    }
    const range = 'expected low : high within 0..65535, low not above high';
    if (sourcePorts === undefined) fail(offsets[5]!, `source ports ${JSON.stringify(words[5])}: ${range}`);
    if (destinationPorts === undefined) fail(offsets[7]!, `destination ports ${JSON.stringify(words[7])}: ${range}`);
    if (protocol === undefined) {
      fail(offsets[9]!, `protocol ${JSON.stringify(words[9])}: expected 0x00/0x00 (any) or number/0xFF, as 0x06/0xFF`);
    }
    if (words[11] !== undefined && !/\/0[xX]0+$/.test(words[11])) flags ??= at(offsets[11]!);
    if (problems.length > before) return;
    rules.push({
      index: rules.length,
      direction: 'forward',
      tier: 0,
      subjects: subjects!,
      peers: peers!,
      protocol: protocol!,
      sourcePorts: sourcePorts!,
      destinationPorts: destinationPorts!,
      icmp: null,
      action: 'allow',
      origin: { kind: 'ClassBench', policy: file, rule: `filter[${rules.length}]`, position: at(0) },
    });
  });

  if (flags !== null) {
    problems.push({
      severity: 'warning',
      position: flags,
      message:
        'TCP flags of ClassBench filters are ignored: a connection is judged by its addresses, protocol and ports',
    });
  }
  const position = { file, line: 1, column: 1 };
  const end = { kind: 'ClassBench', policy: file, rule: 'default', position };
  const isolation = { direction: 'forward', tier: 0, subjects: everywhere([]), origin: end } as const;
  return { tiers: [{ name: file, rules, isolations: [isolation] }], rules, problems };
}

/** `0 : 65535` = any, also of protocols without ports; undefined = not a range. */
function readPorts(text: string): PortSet | null | undefined {
  const [low, high] = text.split(':').map(Number);
  if (low === undefined || high === undefined || low > high || high > 65535) return undefined;
  return low === 0 && high === 65535 ? null : [low, high];
}

function readProtocol(text: string): number | null | undefined {
  const parts = /^0[xX]([0-9a-fA-F]{1,2})\/0[xX]([0-9a-fA-F]{1,2})$/.exec(text);
  if (parts === null) return undefined;
  const mask = Number.parseInt(parts[2]!, 16);
  return mask === 0 ? null : mask === 0xff ? Number.parseInt(parts[1]!, 16) : undefined;
}
