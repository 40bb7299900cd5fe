/**
 * Rules as an nftables ruleset for a forwarding host: `compile --emit nft` (cold).
 *
 * In:  a Ruleset and the inventory.  Out: text for `nft -f`. It says to the Linux kernel what the classifier says to policap,
 * so that the one can be held against the other: it is for checking, not for production.
 *
 *   forward:  connection state -> same pod or own node (13, 14) -> egress -> ingress -> plain rules -> accept
 *
 * A tier is a chain: `allow` returns to `forward` (this direction allows), `deny` drops, `pass` and the chain's end go on
 * to the next tier's chain. Every rule that decides carries a comment that names policap's rule, as ruleComment() and
 * isolationComment() give it: `nft monitor trace` then tells the deciding rule. Numbers are items of docs/semantics.md.
 */
import { type Inventory, NODE_LOCAL_DNS, type Owner } from '../cluster/inventory.js';
import { fromAddresses, MAX_V4, MAX_V6, parseV4, parseV6 } from './addresses.js';
import { formatInterval, formatV4, formatV6 } from './print.js';
import { ICMP, ICMPV6, PORT_PROTOCOLS } from './protocols.js';
import { type AddressSet, DIRECTIONS, type Isolation, type PortSet, type Rule, type Ruleset } from './ruleset.js';

export const COMMENT_INVALID = 'invalid';
export const COMMENT_UNTRACKED = 'untracked';
export const COMMENT_ESTABLISHED = 'established or related';
export const COMMENT_LOOPBACK = 'loopback';
export const COMMENT_NODE = 'node';

/** nftables takes 127 bytes. */
const LONGEST_COMMENT = 120;

const HEAD = `# NetworkPolicies and rules, as policap judges them, for the forward hook of a Linux host.
# This is for checking policap against a kernel, not for production: it knows the addresses of one moment, says nothing
# about traffic of the host itself, and tries its rules one after the other. Load it in a network namespace:
#   unshare --net sh -c 'nft -f FILE && nft list ruleset'
`;

/** '#12 allow shop/web egress[0]' */
export const ruleComment = (rule: Rule): string =>
  clean(`#${rule.index} ${rule.action} ${rule.origin.policy} ${rule.origin.rule}`);

/** 'default-deny egress shop/web' */
export const isolationComment = ({ direction, origin }: Isolation): string =>
  clean(`default-deny ${direction} ${origin.policy}`);

const clean = (text: string): string => text.replace(/[^\x20-\x7e]|["\\]/g, '?').slice(0, LONGEST_COMMENT);

type Family = 4 | 6;
const FAMILIES: readonly Family[] = [4, 6];

export function emitNft(ruleset: Ruleset, inventory: Inventory): string {
  const sets = new NamedSets();
  const chains: string[] = [];
  for (const direction of DIRECTIONS) {
    ruleset[direction].forEach((tier, t) => {
      const next = t + 1 < ruleset[direction].length ? `goto ${chainName(direction, t + 1)}` : 'return';
      const lines = [
        ...tier.rules.flatMap(rule => ruleLines(rule, next, sets)),
        ...tier.isolations.flatMap(isolation => isolationLines(isolation, sets)),
        next,
      ];
      chains.push(chain(chainName(direction, t), lines));
    });
  }
  // Plain rules judge whatever the host forwards, a pod's own traffic too.
  const exempt = ruleset.forward.length === 0 ? 'accept' : `goto ${chainName('forward', 0)}`;
  const forward = chain('forward', [
    'type filter hook forward priority filter; policy accept;',
    `ct state invalid drop comment "${COMMENT_INVALID}"`,
    // Neighbour discovery and the like: no policy is about them.
    `ct state untracked accept comment "${COMMENT_UNTRACKED}"`,
    // (15)
    `ct state established,related accept comment "${COMMENT_ESTABLISHED}"`,
    ...exemptLines(inventory, ruleset, exempt, sets),
    ...jumps('egress', 'saddr', ruleset, inventory, sets),
    ...jumps('ingress', 'daddr', ruleset, inventory, sets),
    ...(ruleset.forward.length === 0 ? [] : [`jump ${chainName('forward', 0)}`]),
  ]);
  return `${HEAD}table inet policap {\n${[...sets.text, ...chains, forward].join('\n')}}\n`;
}

/** (12): a side that is no pod imposes nothing; a node does where policies are about nodes. */
function jumps(
  direction: 'egress' | 'ingress',
  field: 'saddr' | 'daddr',
  ruleset: Ruleset,
  { byAddress }: Inventory,
  sets: NamedSets,
): string[] {
  if (ruleset[direction].length === 0) return [];
  const isSubject = ({ kind }: Owner): boolean => kind === 'pod' || (kind === 'node' && ruleset.ofNodes === true);
  const pods = fromAddresses([...byAddress].filter(([, owner]) => isSubject(owner)).map(([address]) => address));
  return FAMILIES.flatMap(family => {
    const match = addressMatch(field, pods, family, sets);
    return match === null ? [] : [`${match} jump ${chainName(direction, 0)}`];
  });
}

/** Tier t of egress, ingress, or the plain rules. */
const chainName = (direction: string, t: number): string => `${direction === 'forward' ? 'plain' : direction}_${t}`;

const chain = (name: string, lines: readonly string[]): string =>
  `  chain ${name} {\n${lines.map(line => `    ${line}\n`).join('')}  }\n`;

function ruleLines(rule: Rule, next: string, sets: NamedSets): string[] {
  const [source, destination] =
    rule.direction === 'ingress' ? [rule.peers, rule.subjects] : [rule.subjects, rule.peers];
  // Nothing is known of these: a check of them against a kernel would be one of a guess.
  if (rule.action === 'ambiguous' || rule.action === 'unsupported') return [`# left out: ${ruleComment(rule)}`];
  const verdict = { allow: 'return', deny: 'drop', pass: next }[rule.action];
  const conditions = protocolMatches(rule);
  if (conditions === null) return [];
  // A rule that passes the packet on decides nothing.
  const comment = rule.action === 'pass' ? [] : [`comment "${ruleComment(rule)}"`];
  return addressMatches(source, destination, sets).map(addresses =>
    [...addresses, ...conditions, verdict, ...comment].join(' '),
  );
}

function isolationLines(isolation: Isolation, sets: NamedSets): string[] {
  const { direction, subjects } = isolation;
  const [source, destination] = direction === 'ingress' ? [EVERYWHERE, subjects] : [subjects, EVERYWHERE];
  return addressMatches(source, destination, sets).map(addresses =>
    [...addresses, 'drop', `comment "${isolationComment(isolation)}"`].join(' '),
  );
}

const EVERYWHERE: AddressSet = { v4: [0, MAX_V4], v6: [0n, MAX_V6], unaddressed: [] };

/** One list of matches a family in which source and destination hold addresses; one in all where both hold everything. */
function addressMatches(source: AddressSet, destination: AddressSet, sets: NamedSets): string[][] {
  const whole = FAMILIES.every(family => isWhole(source, family) && isWhole(destination, family));
  if (whole) return [[]];
  return FAMILIES.flatMap(family => {
    const from = addressMatch('saddr', source, family, sets);
    const to = addressMatch('daddr', destination, family, sets);
    if (from === null || to === null) return [];
    return [from === '' && to === '' ? [`meta nfproto ipv${family}`] : [from, to].filter(match => match !== '')];
  });
}

const isWhole = ({ v4, v6 }: AddressSet, family: Family): boolean =>
  family === 4 ? v4[0] === 0 && v4[1] === MAX_V4 : v6[0] === 0n && v6[1] === MAX_V6;

/** '' where the set holds the whole family, null where it holds nothing of it. */
function addressMatch(field: 'saddr' | 'daddr', set: AddressSet, family: Family, sets: NamedSets): string | null {
  const elements = intervalTexts(set, family);
  if (elements.length === 0) return null;
  if (isWhole(set, family)) return '';
  return `${family === 4 ? 'ip' : 'ip6'} ${field} ${elements.length === 1 ? elements[0] : `@${sets.addresses(elements, family)}`}`;
}

function intervalTexts({ v4, v6 }: AddressSet, family: Family): string[] {
  const texts: string[] = [];
  for (let i = 0; family === 4 && i < v4.length; i += 2) {
    texts.push(formatInterval(BigInt(v4[i]!), BigInt(v4[i + 1]!), 32, x => formatV4(Number(x))));
  }
  for (let i = 0; family === 6 && i < v6.length; i += 2) {
    texts.push(formatInterval(v6[i]!, v6[i + 1]!, 128, formatV6));
  }
  return texts;
}

/** null: no packet can match. */
function protocolMatches({ protocol, sourcePorts, destinationPorts, icmp, within = {} }: Rule): string[] | null {
  const matches: string[] = [];
  const { protocols, icmpTypes, icmpCodes } = within;
  if ([protocols, icmpTypes, icmpCodes].some(ranges => ranges?.length === 0)) return null;
  if (protocols !== undefined) matches.push(`meta l4proto ${portTexts(protocols)}`);
  const byPort = sourcePorts !== null || destinationPorts !== null;
  if (protocol !== null) matches.push(`meta l4proto ${protocol}`);
  // (16): a rule with ports matches no protocol without.
  else if (icmp !== null || icmpTypes !== undefined || icmpCodes !== undefined)
    matches.push(`meta l4proto { ${ICMP}, ${ICMPV6} }`);
  else if (byPort) matches.push(`meta l4proto { ${PORT_PROTOCOLS.join(', ')} }`);
  if (byPort && protocol !== null && !PORT_PROTOCOLS.includes(protocol)) return null;
  for (const [field, ports] of [
    ['sport', sourcePorts],
    ['dport', destinationPorts],
  ] as const) {
    if (ports === null) continue;
    if (ports.length === 0) return null;
    matches.push(`th ${field} ${portTexts(ports)}`);
  }
  // By their place in the header, as nftables' own words would ask for one family.
  if (icmp !== null) matches.push(`@th,0,8 ${icmp.type}`);
  if (icmp !== null && icmp.code !== null) matches.push(`@th,8,8 ${icmp.code}`);
  if (icmpTypes !== undefined) matches.push(`@th,0,8 ${portTexts(icmpTypes)}`);
  if (icmpCodes !== undefined) matches.push(`@th,8,8 ${portTexts(icmpCodes)}`);
  return matches;
}

function portTexts(ports: PortSet): string {
  const texts: string[] = [];
  for (let i = 0; i < ports.length; i += 2) {
    texts.push(ports[i] === ports[i + 1] ? `${ports[i]}` : `${ports[i]}-${ports[i + 1]}`);
  }
  return texts.length === 1 ? texts[0]! : `{ ${texts.join(', ')} }`;
}

/** (13), (14): pairs of addresses that no policy comes between. */
function exemptLines(
  { byAddress, owners, nodes }: Inventory,
  { ownNode: ways, ofNodes, egress, ingress }: Ruleset,
  verdict: string,
  sets: NamedSets,
): string[] {
  const held = new Map<number, string[]>();
  for (const [address, { owner }] of byAddress) held.set(owner, [...(held.get(owner) ?? []), address]);
  const nodeByName = new Map(nodes.map(node => [node.name, node.owner]));
  const nodeLocal = byAddress.has(NODE_LOCAL_DNS) ? [] : [NODE_LOCAL_DNS];
  const samePod = new Pairs();
  const ownNode = new Pairs();
  /** Where the node's own side is asked. */
  const [nodeToPod, podToNode] = [new Pairs(), new Pairs()];
  for (const [owner, addresses] of held) {
    const holder = owners[owner]!;
    if (holder.kind === 'pod') {
      samePod.add(addresses, addresses);
      const owned = nodeByName.get(holder.node);
      const node = owned === undefined ? [] : [...(held.get(owned) ?? []), ...nodeLocal];
      ownNode.add(node, addresses);
      if (ways !== 'to-pods') ownNode.add(addresses, node);
      if (ofNodes !== true || owned === undefined) continue;
      nodeToPod.add(held.get(owned) ?? [], addresses);
      if (ways !== 'to-pods') podToNode.add(addresses, held.get(owned) ?? []);
    } else if (holder.kind === 'node') {
      ownNode.add(addresses, [...addresses, ...nodeLocal]);
      ownNode.add(nodeLocal, addresses);
    }
  }
  const exempt = (comment: string): string => `${verdict} comment "${comment}"`;
  return FAMILIES.flatMap(family =>
    [
      { name: 'same_pod', pairs: samePod, action: exempt(COMMENT_LOOPBACK) },
      ...(egress.length === 0
        ? []
        : [{ name: 'node_to_pod', pairs: nodeToPod, action: `jump ${chainName('egress', 0)}` }]),
      ...(ingress.length === 0
        ? []
        : [{ name: 'pod_to_node', pairs: podToNode, action: `jump ${chainName('ingress', 0)}` }]),
      { name: 'own_node', pairs: ownNode, action: exempt(COMMENT_NODE) },
    ].flatMap(({ name, pairs, action }) => {
      const elements = pairs.of(family);
      if (elements.length === 0) return [];
      const set = sets.pairs(name, elements, family);
      const word = family === 4 ? 'ip' : 'ip6';
      return [`${word} saddr . ${word} daddr @${set} ${action}`];
    }),
  );
}

class Pairs {
  private readonly elements: Record<Family, string[]> = { 4: [], 6: [] };

  add(sources: readonly string[], destinations: readonly string[]): void {
    for (const source of sources) {
      const family = familyOf(source);
      for (const destination of destinations) {
        if (familyOf(destination) === family) this.elements[family].push(`${source} . ${destination}`);
      }
    }
  }

  of(family: Family): readonly string[] {
    return this.elements[family];
  }
}

function familyOf(address: string): Family {
  if (parseV4(address) !== null) return 4;
  if (parseV6(address) !== null) return 6;
  throw new Error(`not an address: ${address}`);
}

/** Equal address sets are written once. */
class NamedSets {
  readonly text: string[] = [];
  private readonly names = new Map<string, string>();

  addresses(elements: readonly string[], family: Family): string {
    const key = elements.join(', ');
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = `addresses_${this.names.size}`;
    this.names.set(key, name);
    this.write(name, `type ipv${family}_addr; flags interval;`, elements);
    return name;
  }

  pairs(what: string, elements: readonly string[], family: Family): string {
    const name = `${what}_${family}`;
    this.write(name, `type ipv${family}_addr . ipv${family}_addr;`, [...new Set(elements)]);
    return name;
  }

  private write(name: string, type: string, elements: readonly string[]): void {
    const lines = elements.map(element => `      ${element},\n`).join('');
    this.text.push(`  set ${name} {\n    ${type}\n    elements = {\n${lines}    }\n  }\n`);
  }
}
