/**
 * Protocols and ports of administrators' policies, of both APIs: decoded -> validated.
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { checkOneField, checkRange, readEnum } from '../crd.js';
import { PROTOCOLS } from '../kubernetes/fields.js';
import { portNameComplaints } from '../kubernetes/names.js';
import type { AdminPort } from './model.js';

interface DecodedMatch {
  readonly destinationPort?: { readonly number?: number; readonly range?: DecodedRange };
}

interface DecodedRange {
  readonly protocol?: string;
  readonly start?: number;
  readonly end?: number;
}

export interface DecodedPort {
  readonly tcp?: DecodedMatch;
  readonly udp?: DecodedMatch;
  readonly sctp?: DecodedMatch;
  readonly destinationNamedPort?: string;
  readonly portNumber?: { readonly protocol?: string; readonly port?: number };
  readonly namedPort?: string;
  readonly portRange?: DecodedRange;
}

const MOST_PORT = 65535;

/** @param given one entry of `protocols` @param value as it was written @returns null where a finding says why */
export function readProtocol(given: DecodedPort, value: unknown, path: Path, findings: Findings): AdminPort | null {
  const { tcp, udp, sctp, destinationNamedPort } = given;
  const set = [tcp, udp, sctp, destinationNamedPort].filter(it => it !== undefined).length;
  // (A13): the field's own finding has said so.
  if (set === 0 && hasFields(value)) return { kind: 'unknown' };
  if (!checkOneField(['tcp', 'udp', 'sctp', 'destinationNamedPort'], set, path, findings)) return null;
  if (destinationNamedPort !== undefined) {
    return readName(destinationNamedPort, [...path, 'destinationNamedPort'], findings);
  }
  const field = tcp !== undefined ? 'tcp' : udp !== undefined ? 'udp' : 'sctp';
  const protocol = field.toUpperCase() as (typeof PROTOCOLS)[number];
  const at = [...path, field];
  const port = given[field]!.destinationPort;
  if (port === undefined) {
    if (hasFields((value as Record<string, unknown>)[field])) return { kind: 'unknown' };
    checkOneField(['destinationPort'], 0, at, findings);
    return null;
  }
  const { number, range } = port;
  const portPath = [...at, 'destinationPort'];
  const ranges = (number === undefined ? 0 : 1) + (range === undefined ? 0 : 1);
  if (!checkOneField(['number', 'range'], ranges, portPath, findings)) return null;
  if (number !== undefined) {
    const isPort = checkRange(number, 1, MOST_PORT, [...portPath, 'number'], findings);
    return isPort ? { kind: 'numbers', protocol, range: [number, number] } : null;
  }
  const numbers = readRange(range!, [...portPath, 'range'], findings);
  return numbers === null ? null : { kind: 'numbers', protocol, range: numbers };
}

/** @param given one entry of `ports`, of the older API */
export function readOlderPort(given: DecodedPort, value: unknown, path: Path, findings: Findings): AdminPort | null {
  const { portNumber, namedPort, portRange } = given;
  const set = [portNumber, namedPort, portRange].filter(it => it !== undefined).length;
  if (set === 0 && hasFields(value)) return { kind: 'unknown' };
  if (!checkOneField(['portNumber', 'namedPort', 'portRange'], set, path, findings)) return null;
  if (namedPort !== undefined) return readName(namedPort, [...path, 'namedPort'], findings);
  const field = portNumber !== undefined ? 'portNumber' : 'portRange';
  const at = [...path, field];
  const givenProtocol = (portNumber ?? portRange)!.protocol;
  const protocol =
    givenProtocol === undefined ? 'TCP' : readEnum(givenProtocol, PROTOCOLS, [...at, 'protocol'], findings);
  if (portNumber === undefined) {
    const range = readRange(portRange!, at, findings);
    return range === null || protocol === null ? null : { kind: 'numbers', protocol, range };
  }
  const { port } = portNumber;
  if (port === undefined) {
    findings.error([...at, 'port'], 'Required value');
    return null;
  }
  const isPort = checkRange(port, 1, MOST_PORT, [...at, 'port'], findings);
  return isPort && protocol !== null ? { kind: 'numbers', protocol, range: [port, port] } : null;
}

const hasFields = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).some(it => it !== null);

function readRange({ start, end }: DecodedRange, path: Path, findings: Findings): [number, number] | null {
  for (const [field, value] of [
    ['start', start],
    ['end', end],
  ] as const) {
    if (value === undefined) findings.error([...path, field], 'Required value');
    else checkRange(value, 1, MOST_PORT, [...path, field], findings);
  }
  if (start === undefined || end === undefined) return null;
  if (start < end) return [start, end];
  const hint = start === end ? `one port is a number: ${start}` : undefined;
  findings.error(path, 'Invalid value: "object": Start port must be less than End port', hint);
  return null;
}

/** A name that no port can have is no error of the API's: it matches nothing. */
function readName(name: string, path: Path, findings: Findings): AdminPort {
  const [complaint] = portNameComplaints(name);
  if (complaint !== undefined) {
    findings.warn(path, `${shown(name)} is the name of no port: ${complaint}`, 'the entry matches nothing');
  }
  return { kind: 'name', name };
}
