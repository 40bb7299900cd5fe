/**
 * Ends of made-up traffic: a cluster's documents -> its pods, and who may talk to whom.
 *
 * In:  what was named with -p, -c and --rules.  Out: the pods with an address of the family, connections as the policies allow.
 */
import { type Ends, type ListedPod, listedPods } from '../generate/ends.js';
import { DPORT, DST, FAMILY, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { parseV4, parseV6 } from '../rules/addresses.js';
import { TCP, UDP } from '../rules/protocols.js';
import { EGRESS, INGRESS, OUTCOME_DEFAULT_DENY, OUTCOMES } from '../tree/classifier.js';
import { compileInput } from './documents.js';
import { UsageError } from './errors.js';
import type { CommonOptions } from './options.js';
import { styleFor, type Terminal } from './terminal.js';

/** What a pod without ports listens on. */
const HTTP = { port: 80, protocol: TCP };

export function endsOfCluster(options: CommonOptions, terminal: Terminal, ip: 4 | 6): Ends {
  const style = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const { inventory, classifier, ruleset } = compileInput(options, terminal, style);
  const pods = inventory.pods.flatMap((pod): ListedPod[] => {
    const held = pod.hostNetwork ? [] : pod.addresses.filter(text => inventory.byAddress.get(text) === pod);
    const [address] = held.map(text => wordsOf(text, ip)).filter(words => words !== null);
    if (address === undefined) return [];
    const [first] = pod.ports.filter(({ protocol, init }) => protocol !== 'SCTP' && init !== true);
    if (first === undefined) return [{ address, ...HTTP }];
    return [{ address, port: first.port, protocol: first.protocol === 'UDP' ? UDP : TCP }];
  });
  if (pods.length === 0)
    throw new UsageError(`no pod of the cluster has an IPv${ip} address`, 'give the cluster with -c, or try --ip');
  const row = new Int32Array(STRIDE);
  const out = new Int32Array(OUTCOMES);
  const isAllowed = (outcome: number): boolean =>
    outcome >= 0 ? ruleset.rules[outcome]!.action === 'allow' : outcome > OUTCOME_DEFAULT_DENY;
  return listedPods(pods, ip, (client, server) => {
    row[FAMILY] = ip;
    row.set(client.address, SRC);
    row.set(server.address, DST);
    row[PROTOCOL] = server.protocol;
    row[SPORT] = 32768;
    row[DPORT] = server.port;
    classifier.classify(row, 0, out, 0);
    return isAllowed(out[EGRESS]!) && isAllowed(out[INGRESS]!);
  });
}

function wordsOf(text: string, ip: 4 | 6): number[] | null {
  if (ip === 4) {
    const v4 = parseV4(text);
    return v4 === null ? null : [v4];
  }
  const v6 = parseV6(text);
  return v6 === null ? null : [96n, 64n, 32n, 0n].map(shift => Number((v6 >> shift) & 0xffffffffn));
}
