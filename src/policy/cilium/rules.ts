/**
 * The rules of one spec: decoded -> validated, under the names that decisions give them.
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import type { DecodedSelector } from '../kubernetes/selectors.js';
import { MODES } from './fields.js';
import type { CiliumRule } from './model.js';
import { type DecodedPeers, readPeers } from './peers.js';
import { type DecodedIcmp, type DecodedPorts, readIcmps, readPorts } from './ports.js';
import { readSelector } from './selectors.js';

type Maybe<T> = readonly (T | null | undefined)[];

/** With `from` or `to` in front of each member of DecodedPeers. */
export type DecodedRule = {
  readonly toPorts?: Maybe<DecodedPorts>;
  readonly icmps?: Maybe<DecodedIcmp>;
  readonly authentication?: { readonly mode?: string };
} & Readonly<Record<string, unknown>>;

export interface DecodedRules {
  readonly ingress?: Maybe<DecodedRule>;
  readonly ingressDeny?: Maybe<DecodedRule>;
  readonly egress?: Maybe<DecodedRule>;
  readonly egressDeny?: Maybe<DecodedRule>;
}

const SECTIONS = ['ingress', 'ingressDeny', 'egress', 'egressDeny'] as const;
type Section = (typeof SECTIONS)[number];

/** @param prefix '' or "specs[1]."  @param path of the spec */
export function readRules(
  given: DecodedRules,
  prefix: string,
  path: Path,
  isHost: boolean,
  findings: Findings,
): CiliumRule[] {
  return SECTIONS.flatMap(section =>
    (given[section] ?? []).flatMap((rule, i) =>
      rule === undefined
        ? []
        : [readRule(rule ?? {}, section, `${prefix}${section}[${i}]`, [...path, section, i], isHost, findings)],
    ),
  );
}

const MEMBERS = [
  'Endpoints',
  'Requires',
  'CIDR',
  'CIDRSet',
  'Entities',
  'Groups',
  'Nodes',
  'Services',
  'FQDNs',
] as const;

function readRule(
  given: DecodedRule,
  section: Section,
  name: string,
  path: Path,
  isHost: boolean,
  findings: Findings,
): CiliumRule {
  const direction = section.startsWith('ingress') ? 'ingress' : 'egress';
  const isDeny = section.endsWith('Deny');
  const side = direction === 'ingress' ? 'from' : 'to';
  const peers: DecodedPeers = Object.fromEntries(MEMBERS.map(member => [member, given[`${side}${member}`]]));
  const context = { direction, isDeny, isHost } as const;
  const ports = (given.toPorts ?? []).flatMap((entry, i) =>
    entry === undefined ? [] : [readPorts(entry ?? {}, [...path, 'toPorts', i], context, findings)],
  );
  const icmps = given.icmps ?? [];
  if (icmps.length > 0 && ports.length > 0) {
    const message =
      'Forbidden: the ICMPs block may only be present without ToPorts. Define a separate rule to use ToPorts';
    findings.error([...path, 'icmps'], message);
  }
  const requires = (peers.Requires ?? []) as Maybe<DecodedSelector>;
  if (requires.length > 0) {
    findings.warn(
      [...path, `${side}Requires`],
      'was removed in Cilium 1.19; before, it held for all rules about the same endpoints',
      'what it may forbid is undecided: write the labels into the selectors instead',
    );
  }
  return {
    direction,
    isDeny,
    name,
    peers: readPeers(peers, side, path, findings),
    requires: requires.flatMap((selector, i) =>
      selector === undefined ? [] : [readSelector(selector, [...path, `${side}Requires`, i], findings)],
    ),
    ports: ports.length === 0 ? null : ports,
    icmps: icmps.length === 0 ? null : readIcmps(icmps, [...path, 'icmps'], findings),
    authentication: readMode(given.authentication, [...path, 'authentication', 'mode'], findings),
    position: findings.document.at(path),
  };
}

function readMode(
  given: { readonly mode?: string } | undefined,
  path: Path,
  findings: Findings,
): CiliumRule['authentication'] {
  if (given === undefined) return null;
  const mode = MODES.find(name => name === given.mode) ?? null;
  if (mode === null) {
    const meant = nearest(given.mode ?? '', MODES);
    const message = `Unsupported value: ${shown(given.mode ?? '')}: supported values: ${MODES.map(it => `"${it}"`).join(', ')}`;
    findings.error(path, message, meant === null ? undefined : `did you mean "${meant}"?`);
  }
  return mode;
}
