/**
 * The members of a rule that say who is on the other side: decoded -> validated (CI5, CI9 to CI20).
 */
import { type Block, contains, parseAddress, parseBlock } from '../../cluster/address.js';
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import { subdomainComplaints } from '../kubernetes/names.js';
import { type DecodedSelector, readSelector as readLabelSelector } from '../kubernetes/selectors.js';
import { type CiliumBlock, type CiliumEntity, type CiliumPeers, type CiliumService, ENTITIES } from './model.js';
import { type DecodedName, readName } from './names.js';
import { readSelector } from './selectors.js';

type Maybe<T> = readonly (T | null | undefined)[];

interface DecodedBlock {
  readonly cidr?: string;
  readonly cidrGroupRef?: string;
  readonly cidrGroupSelector?: DecodedSelector;
  readonly except?: Maybe<string>;
}

interface DecodedService {
  readonly k8sService?: { readonly serviceName?: string; readonly namespace?: string };
  readonly k8sServiceSelector?: { readonly selector?: DecodedSelector; readonly namespace?: string };
}

/** Without `from` and `to`: the two directions have the same members. */
export interface DecodedPeers {
  readonly Endpoints?: Maybe<DecodedSelector>;
  readonly Requires?: Maybe<DecodedSelector>;
  readonly CIDR?: Maybe<string>;
  readonly CIDRSet?: Maybe<DecodedBlock>;
  readonly Entities?: Maybe<string>;
  readonly Groups?: Maybe<unknown>;
  readonly Nodes?: Maybe<DecodedSelector>;
  readonly Services?: Maybe<DecodedService>;
  readonly FQDNs?: Maybe<DecodedName>;
}

const MEMBERS = ['Endpoints', 'CIDR', 'CIDRSet', 'Entities', 'Nodes', 'Groups', 'Services', 'FQDNs'] as const;
type Member = (typeof MEMBERS)[number];

/** Members that, given empty, say nobody: the others, given empty, say nothing (CI5). */
const EXACT: readonly Member[] = ['Endpoints', 'CIDR', 'CIDRSet', 'Entities', 'Nodes'];

/** @param prefix `from` or `to` */
export function readPeers(given: DecodedPeers, prefix: string, path: Path, findings: Findings): CiliumPeers | null {
  const filled = MEMBERS.filter(member => (given[member] ?? []).length > 0);
  if (filled.length > 1) {
    const [a, b] = filled as [Member, Member];
    const side = prefix === 'from' ? 'From' : 'To';
    findings.error(
      path,
      `Forbidden: combining ${side}${a} and ${side}${b} is not supported yet`,
      'give each a rule of its own: begin it with "- "',
    );
  }
  // (CI5): present and empty.
  const empty = EXACT.find(member => given[member] !== undefined && given[member].length === 0);
  if (empty !== undefined) {
    findings.warn(
      [...path, `${prefix}${empty}`],
      'an empty list selects nobody: the rule matches nothing',
      `remove the field to select everybody with toPorts, or write \`${prefix}${empty}\` with entries`,
    );
    return { kind: 'nobody' };
  }
  const [member] = filled;
  if (member === undefined) return null;
  const at = [...path, `${prefix}${member}`];
  const list = given[member] as Maybe<never>;
  const each = <T>(read: (it: never, path: Path) => T | null): T[] =>
    list.flatMap((it, i) => {
      const one = it === undefined ? null : read((it ?? {}) as never, [...at, i]);
      return one === null ? [] : [one];
    });
  switch (member) {
    case 'Endpoints':
      return { kind: 'endpoints', selectors: each((it, here) => readSelector(it, here, findings)) };
    case 'Nodes':
      return { kind: 'nodes', selectors: each((it, here) => readSelector(it, here, findings)) };
    case 'Entities':
      return { kind: 'entities', entities: each((it, here) => readEntity(it, here, findings)) };
    case 'CIDR':
      return { kind: 'cidrs', blocks: each((it, here) => readPlain(it, here, findings)) };
    case 'CIDRSet':
      return { kind: 'cidrs', blocks: each((it, here) => readBlock(it, here, findings)) };
    case 'Services':
      return { kind: 'services', services: each((it, here) => readService(it, here, findings)) };
    case 'FQDNs':
      return { kind: 'names', names: each((it, here) => readName(it, here, findings)) };
    case 'Groups':
      return { kind: 'groups' };
  }
}

function readEntity(given: unknown, path: Path, findings: Findings): CiliumEntity | null {
  const text = typeof given === 'string' ? given : '';
  const entity = ENTITIES.find(name => name === text);
  if (entity === undefined) {
    const meant = nearest(text, ENTITIES);
    const hint = meant === null ? `entities are ${ENTITIES.join(', ')}` : `did you mean "${meant}"?`;
    findings.error(path, `Unsupported value: ${shown(text)}: unsupported entity`, hint);
    return null;
  }
  return entity;
}

/** Of fromCIDR, toCIDR: an address alone is one, too. */
function readPlain(given: unknown, path: Path, findings: Findings): CiliumBlock | null {
  const text = typeof given === 'string' ? given : '';
  const address = text.includes('/') ? null : parseAddress(text);
  if (address !== null && !address.lenient) {
    return { kind: 'cidr', cidr: `${address.text}/${address.family === 4 ? 32 : 128}`, except: [] };
  }
  const block = readCidr(text, path, findings);
  return block === null ? null : { kind: 'cidr', cidr: block.text, except: [] };
}

function readBlock(given: DecodedBlock, path: Path, findings: Findings): CiliumBlock | null {
  const { cidr = '', cidrGroupRef: name = '', cidrGroupSelector } = given;
  const count = (cidr === '' ? 0 : 1) + (name === '' ? 0 : 1) + (cidrGroupSelector === undefined ? 0 : 1);
  if (count !== 1) {
    const message =
      count === 0
        ? 'Required value: one of cidr, cidrGroupRef, or cidrGroupSelector is required'
        : 'Forbidden: more than one of cidr, cidrGroupRef, or cidrGroupSelector may not be set';
    findings.error(path, message);
    return null;
  }
  const block = cidr === '' ? null : readCidr(cidr, [...path, 'cidr'], findings);
  if (cidr !== '' && block === null) return null;
  const except = (given.except ?? []).flatMap((hole, i) => {
    if (hole === undefined) return [];
    const at = [...path, 'except', i];
    const inner = readCidr(hole ?? '', at, findings);
    if (inner === null) return [];
    if (block !== null && !contains(block, inner)) {
      const message = `Invalid value: ${shown(hole)}: allow CIDR prefix ${block.text} does not contain exclude CIDR prefix ${inner.text}`;
      findings.error(at, message);
      return [];
    }
    return [inner.text];
  });
  if (block !== null) return { kind: 'cidr', cidr: block.text, except };
  if (name === '') {
    const selector = readLabelSelector(cidrGroupSelector, [...path, 'cidrGroupSelector'], findings);
    return { kind: 'groups', selector, except };
  }
  const at = [...path, 'cidrGroupRef'];
  for (const complaint of subdomainComplaints(name)) findings.error(at, `Invalid value: ${shown(name)}: ${complaint}`);
  return { kind: 'group', name, except, position: findings.document.at(at) };
}

/** Host bits are masked away. */
export function readCidr(text: string, path: Path, findings: Findings): Block | null {
  const block = parseBlock(text);
  if (block === null || block.lenient) {
    const address = parseAddress(text);
    const hint = address === null ? undefined : `one address is ${address.text}/${address.family === 4 ? 32 : 128}`;
    findings.error(
      path,
      `Invalid value: ${shown(text)}: unable to parse CIDR`,
      hint ?? 'e.g. 10.9.8.0/24 or 2001:db8::/64',
    );
    return null;
  }
  if (block.hostBits) {
    const single = `${block.address}/${block.family === 4 ? 32 : 128}`;
    findings.warn(
      path,
      `${shown(text)} has bits behind the prefix: it is read as ${block.text}`,
      `one address is ${single}`,
    );
  }
  return block;
}

function readService(given: DecodedService, path: Path, findings: Findings): CiliumService | null {
  const { k8sService, k8sServiceSelector } = given;
  const position = findings.document.at(path);
  // A selector goes before a name (pkg/policy/k8s/service.go).
  if (k8sServiceSelector !== undefined) {
    const at = [...path, 'k8sServiceSelector'];
    if (k8sService !== undefined) {
      findings.warn([...path, 'k8sService'], 'has no effect beside k8sServiceSelector', 'make it an entry of its own');
    }
    const selector = readLabelSelector(k8sServiceSelector.selector, [...at, 'selector'], findings);
    return { kind: 'labels', selector, namespace: k8sServiceSelector.namespace ?? '', position };
  }
  if (k8sService === undefined) {
    findings.error(path, 'Required value: one of k8sService, k8sServiceSelector', 'an empty entry matches no service');
    return null;
  }
  const { serviceName: name = '', namespace = '' } = k8sService;
  if (namespace === '') {
    findings.warn(
      [...path, 'k8sService'],
      `without a namespace it is the service ${shown(name)} of every namespace`,
      'name the namespace',
    );
  }
  return { kind: 'name', name, namespace, position };
}
