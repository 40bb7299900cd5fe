/**
 * `ports` and `protocols` of a rule of Antrea's: decoded -> validated.
 */
import type { Path } from '../../documents/document.js';
import type { Findings } from '../../documents/findings.js';
import { checkOneField, checkRange } from '../crd.js';
import { type DecodedPort as KubernetesPort, readPort as readKubernetesPort } from '../kubernetes/ports.js';
import type { AntreaHeader } from './model.js';

export interface DecodedPort extends KubernetesPort {
  readonly sourcePort?: number;
  readonly sourceEndPort?: number;
}

export interface DecodedProtocol {
  readonly icmp?: { readonly icmpType?: number; readonly icmpCode?: number };
  readonly igmp?: { readonly igmpType?: number; readonly groupAddress?: string };
}

/** (AN11): protocol, port and endPort as a NetworkPolicy has them. */
export function readPort(given: DecodedPort, path: Path, findings: Findings): AntreaHeader | null {
  const { sourcePort, sourceEndPort } = given;
  const destination = readKubernetesPort(given, path, findings);
  if (sourcePort !== undefined) checkRange(sourcePort, 1, 65535, [...path, 'sourcePort'], findings);
  if (sourceEndPort !== undefined) {
    const at = [...path, 'sourceEndPort'];
    if (sourcePort === undefined) findings.error(at, 'if `sourceEndPort` is specified `sourcePort` must be specified');
    else if (sourceEndPort < sourcePort) {
      findings.error(at, '`sourceEndPort` should be greater than or equal to `sourcePort`');
    } else checkRange(sourceEndPort, 1, 65535, at, findings);
  }
  if (destination === null) return null;
  const { protocol, port, endPort } = destination;
  return {
    kind: 'ports',
    protocol,
    destination: typeof port === 'number' ? [port, endPort ?? port] : port,
    source: sourcePort === undefined ? null : [sourcePort, sourceEndPort ?? sourcePort],
  };
}

/** (AN12), (AN13) */
export function readProtocol(given: DecodedProtocol, path: Path, findings: Findings): AntreaHeader | null {
  const { icmp, igmp } = given;
  const set = (icmp === undefined ? 0 : 1) + (igmp === undefined ? 0 : 1);
  if (!checkOneField(['icmp', 'igmp'], set, path, findings)) return null;
  if (icmp === undefined) return { kind: 'igmp' };
  const { icmpType, icmpCode } = icmp;
  for (const [field, value] of [
    ['icmpType', icmpType],
    ['icmpCode', icmpCode],
  ] as const) {
    if (value !== undefined) checkRange(value, 0, 255, [...path, 'icmp', field], findings);
  }
  return { kind: 'icmp', type: icmpType ?? null, code: icmpCode ?? null };
}
