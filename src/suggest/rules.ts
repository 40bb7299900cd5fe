/**
 * The flows of one side of one workload -> rules, as a person would group them (cold).
 *
 * In:  flows, all of which a policy's pods send (or all of which they accept).  Out: rules, each with what it is for.
 * Workloads that may be reached on the same ports share a rule, and so do addresses of nodes. Addresses outside are grouped a
 * port: the blocks of a port, and ports with the same blocks share a rule.
 */
import type { Profile } from '../profile/profile.js';
import { count, plural } from '../report/style.js';
import { type BlockOptions, type CoveringBlock, coverAddresses, type IsOfCluster } from './blocks.js';
import type { Flow, FlowEnd } from './flows.js';
import type { Direction, RulePeer, SuggestedRule } from './policy.js';
import { inOrder, namePort, portText, type RulePort } from './ports.js';
import { type Choice, choiceLines } from './selectors.js';
import type { SeenGroup } from './traffic.js';
import type { Workload } from './workloads.js';

export interface RuleParts {
  choiceOf(workload: Workload): Choice;
  readonly profile: Pick<Profile, 'refusesNamedPorts' | 'egressNames' | 'portRanges'>;
  readonly blocks: BlockOptions;
  readonly isOfCluster: IsOfCluster;
}

/** What rules name as one peer, on which ports, and why. */
interface Reached {
  readonly key: string;
  readonly peer: RulePeer;
  readonly name: string;
  readonly ports: Map<string, RulePort>;
  readonly flows: Flow[];
}

/** Lines of comments a rule; the rest is counted. */
const LINES = 12;

/** @param pods the policy's workloads and whom their selector also selects; @param namespace the policy's */
export function buildRules(
  direction: Direction,
  flows: readonly Flow[],
  subject: Workload,
  pods: Workload['pods'],
  parts: RuleParts,
): SuggestedRule[] {
  const workloads = new Map<string, Reached>();
  const nodes = new Map<string, Reached>();
  const outside: Flow[] = [];
  for (const flow of flows) {
    const end = direction === 'Ingress' ? flow.source : flow.destination;
    const port = portOf(direction, flow, pods, parts);
    if (end.kind === 'workload') {
      const { selector } = parts.choiceOf(end.workload);
      const namespace = end.workload.namespace === subject.namespace ? null : end.workload.namespace;
      const key = `${end.workload.namespace} ${selectorText(selector)}`;
      add(workloads, key, { kind: 'pods', namespace, selector }, end.workload.name, port, flow);
    } else if (end.name !== null) {
      add(nodes, end.address, { kind: 'block', cidr: wholeAddress(end.address) }, end.name, port, flow);
    } else outside.push(flow);
  }
  return [
    ...samePorts(workloads.values()).map(reached => ruleOf(direction, reached, parts)),
    ...samePorts(nodes.values()).map(reached => ruleOf(direction, reached, parts)),
    ...outsideRules(direction, outside, pods, parts),
  ];
}

export const wholeAddress = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`;

export const selectorText = ({ matchLabels, matchExpressions }: Choice['selector']): string =>
  JSON.stringify([Object.entries(matchLabels).sort(), matchExpressions]);

/** Ports are those of the destination: a name must mean the number on all pods that the rule's port is looked up at. */
export function portOf(direction: Direction, flow: Flow, pods: Workload['pods'], parts: RuleParts): RulePort {
  const { protocol, port, destination } = flow;
  const { refusesNamedPorts, egressNames } = parts.profile;
  if (refusesNamedPorts) return { protocol, port };
  if (direction === 'Ingress') return namePort(protocol, port, pods);
  if (destination.kind !== 'workload' || egressNames === 'one') return { protocol, port };
  return namePort(protocol, port, selectedBy(destination.workload, parts));
}

export const selectedBy = (workload: Workload, { choiceOf }: Pick<RuleParts, 'choiceOf'>): Workload['pods'] => [
  ...workload.pods,
  ...choiceOf(workload).also,
];

function add(to: Map<string, Reached>, key: string, peer: RulePeer, name: string, port: RulePort, flow: Flow): void {
  let reached = to.get(key);
  if (reached === undefined) {
    reached = { key, peer, name, ports: new Map(), flows: [] };
    to.set(key, reached);
  }
  reached.ports.set(portText(port), port);
  reached.flows.push(flow);
}

function samePorts(all: Iterable<Reached>): Reached[][] {
  const byPorts = new Map<string, Reached[]>();
  for (const reached of [...all].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.key < b.key ? -1 : 1,
  )) {
    const key = [...reached.ports.keys()].sort().join();
    const group = byPorts.get(key);
    if (group === undefined) byPorts.set(key, [reached]);
    else group.push(reached);
  }
  return [...byPorts.values()];
}

function ruleOf(direction: Direction, reached: readonly Reached[], { profile, choiceOf }: RuleParts): SuggestedRule {
  const lines = reached.flatMap(({ flows }) => flowLines(direction, flows));
  const wider = reached.flatMap(({ name, flows }) => {
    const ends = flows.map(({ source, destination }) => (direction === 'Ingress' ? source : destination));
    const workloads = ends.flatMap(end => (end.kind === 'workload' ? end.workload : []));
    const [first] = workloads;
    return first === undefined ? [] : choiceLines(choiceOf(first), workloads).map(line => `${name}: ${line}`);
  });
  return {
    peers: reached.map(({ peer }) => peer),
    ports: inOrder([...reached[0]!.ports.values()], profile.portRanges),
    comments: [...cut(lines), ...cut(wider)],
  };
}

function outsideRules(
  direction: Direction,
  flows: readonly Flow[],
  pods: Workload['pods'],
  parts: RuleParts,
): SuggestedRule[] {
  const byPort = new Map<string, { readonly port: RulePort; readonly flows: Flow[] }>();
  for (const flow of flows) {
    const port = portOf(direction, flow, pods, parts);
    const known = byPort.get(portText(port));
    if (known === undefined) byPort.set(portText(port), { port, flows: [flow] });
    else known.flows.push(flow);
  }
  const byBlocks = new Map<
    string,
    { readonly blocks: CoveringBlock[]; readonly ports: RulePort[]; readonly flows: Flow[] }
  >();
  for (const { port, flows: ofPort } of [...byPort].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, it]) => it)) {
    const addresses = ofPort.map(flow => addressOf(direction === 'Ingress' ? flow.source : flow.destination));
    const blocks = coverAddresses(addresses, parts.blocks, parts.isOfCluster);
    const key = blocks.map(({ cidr }) => cidr).join();
    const known = byBlocks.get(key);
    if (known === undefined) byBlocks.set(key, { blocks, ports: [port], flows: [...ofPort] });
    else {
      known.ports.push(port);
      known.flows.push(...ofPort);
    }
  }
  return [...byBlocks.values()].map(({ blocks, ports, flows: ofRule }) => ({
    peers: blocks.map(({ cidr }) => ({ kind: 'block', cidr }) as const),
    ports: inOrder(ports, parts.profile.portRanges),
    comments: [...outsideLines(direction, ofRule), ...blockLines(blocks, parts.blocks.most)],
  }));
}

const addressOf = (end: FlowEnd): string => (end.kind === 'address' ? end.address : '');

function outsideLines(direction: Direction, flows: readonly Flow[]): string[] {
  const addresses = new Set(flows.map(flow => addressOf(direction === 'Ingress' ? flow.source : flow.destination)));
  if (addresses.size <= 4) return cut(flowLines(direction, flows));
  const seen = new Set(flows.map(flow => flow.seen));
  return [`${count(addresses.size)} addresses outside: ${countsText([...seen])}`];
}

/** What the blocks cover beyond what was seen. */
function blockLines(blocks: readonly CoveringBlock[], most: number): string[] {
  const wider = blocks.filter(({ size, seen }) => size > BigInt(seen));
  const lines = wider.map(
    ({ cidr, size, seen }) =>
      `${cidr} covers ${sizeText(size)} addresses, of which ${count(seen)} ${seen === 1 ? 'was' : 'were'} seen`,
  );
  const more =
    blocks.length > most ? [`more than ${most} blocks, as wider ones would cover addresses of the cluster`] : [];
  return [...cut(lines), ...more];
}

const sizeText = (size: bigint): string =>
  size < 1n << 40n ? count(Number(size)) : `2^${size.toString(2).length - 1}`;

/** A line a peer: who it is, and what was seen. */
export function flowLines(direction: Direction, flows: readonly Flow[]): string[] {
  const byEnds = new Map<
    string,
    { readonly ports: Set<string>; readonly seen: Set<SeenGroup>; readonly flows: Flow[] }
  >();
  for (const flow of flows) {
    const peer = direction === 'Ingress' ? `from ${endText(flow.source)}` : `to ${endText(flow.destination)}`;
    const key = flow.service === null ? peer : `${peer} via ${flow.service}`;
    let known = byEnds.get(key);
    if (known === undefined) {
      known = { ports: new Set(), seen: new Set(), flows: [] };
      byEnds.set(key, known);
    }
    known.ports.add(`${flow.protocol} ${flow.port}`);
    known.seen.add(flow.seen);
  }
  return [...byEnds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([ends, { ports, seen }]) => `${ends}, ${portsText([...ports])}: ${countsText([...seen])}`);
}

const PORTS_SHOWN = 6;
const portsText = (ports: readonly string[]): string =>
  ports.length <= PORTS_SHOWN
    ? [...ports].sort().join(', ')
    : `${[...ports].sort().slice(0, PORTS_SHOWN).join(', ')} and ${count(ports.length - PORTS_SHOWN)} more`;

const endText = (end: FlowEnd): string =>
  end.kind === 'workload' ? end.workload.name : end.name === null ? end.address : `${end.name} (${end.address})`;

function countsText(seen: readonly SeenGroup[]): string {
  const sum = (of: (group: SeenGroup) => number): number => seen.reduce((total, group) => total + of(group), 0);
  const connections = sum(group => group.connections);
  const inferred = sum(group => group.inferred);
  const first = Math.min(...seen.map(group => group.first));
  const guessed =
    inferred === 0
      ? ''
      : `; ${inferred === connections ? 'who began is' : `of ${count(inferred)} it is`} inferred from the ports`;
  return `${plural(connections, 'connection')}, ${plural(
    sum(group => group.packets),
    'packet',
  )}, first ${timeText(first)}${guessed}`;
}

const timeText = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

const cut = (lines: readonly string[]): string[] =>
  lines.length <= LINES ? [...lines] : [...lines.slice(0, LINES - 1), `and ${count(lines.length - LINES + 1)} more`];
