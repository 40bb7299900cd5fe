/**
 * A cell in words, for every format that people read (cold).
 */
import { formatPorts } from '../rules/ports.js';
import type { Cell } from './matrix.js';
import { isAll, OTHER, type Reach } from './reach.js';

/** What a cell is at a glance. */
export type CellKind = 'all' | 'some-ports' | 'some-pods' | 'nothing' | 'none';

/** `none`: nothing is to be said; `some-pods`: not all pods, or not both families, may the same, or it is not known. */
export function cellKind(cell: Cell | null): CellKind {
  if (cell === null) return 'none';
  if ([cell.some, cell.v4, cell.v6, cell.undecided].some(reach => reachText(reach) !== '-')) return 'some-pods';
  const text = reachText(cell.all);
  return text === '-' ? 'nothing' : text === 'all' ? 'all' : 'some-ports';
}

/** `all`, `-`, `TCP 80, some: TCP 443`. */
export function cellText(cell: Cell): string {
  const parts = partsOf(cell).flatMap(({ scope, reach }) => {
    const text = reachText(reach);
    return text === '-' ? [] : [scope === 'all' ? text : `${SCOPES[scope]}: ${text}`];
  });
  return parts.length === 0 ? '-' : parts.join(', ');
}

const SCOPES = { ipv4: 'IPv4 only', ipv6: 'IPv6 only', some: 'some', undecided: 'undecided' } as const;

/** For whom a part of a cell holds: every pair of pods, every pair in one family alone, only some pairs; or not known. */
export type Scope = 'all' | keyof typeof SCOPES;

export const partsOf = ({ all, v4, v6, some, undecided }: Cell): { readonly scope: Scope; readonly reach: Reach }[] => [
  { scope: 'all', reach: all },
  { scope: 'ipv4', reach: v4 },
  { scope: 'ipv6', reach: v6 },
  { scope: 'some', reach: some },
  { scope: 'undecided', reach: undecided },
];

/** Whether a protocol's port set is about ports: else all of them stand for the protocol. */
export const hasPortsByName = (protocol: string): boolean => ['TCP', 'UDP', 'SCTP', 'UDPLite', '33'].includes(protocol);

/** `all`, `-`, `TCP 80,443 UDP any`, `TCP 80 ICMP`. */
export function reachText(reach: Reach): string {
  const allowed = [...reach].filter(([, ports]) => ports.length > 0);
  if (allowed.length === 0) return '-';
  if (allowed.length === reach.size && allowed.every(([, ports]) => isAll(ports))) return 'all';
  return allowed
    .map(([protocol, ports]) => {
      if (!hasPortsByName(protocol)) return protocol === OTHER ? 'other protocols' : protocol;
      return `${protocol} ${isAll(ports) ? 'any' : formatPorts(ports)}`;
    })
    .join(' ');
}
