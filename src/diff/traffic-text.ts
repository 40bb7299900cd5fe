/**
 * What a change is about, in words (cold).
 */
import { formatPorts } from '../rules/ports.js';
import type { PortSet } from '../rules/ruleset.js';
import type { Traffic } from './pairs.js';

const isEveryPort = (ports: PortSet): boolean => ports.length === 2 && ports[0] === 0 && ports[1] === 65535;

/** `everything`, `TCP 80,443 UDP any`, `ICMP type 8`, `other protocols but GRE`. */
export function trafficText(traffic: readonly Traffic[]): string {
  const whole = new Set(traffic.filter(isWhole).map(({ protocol }) => protocol));
  const isIcmp = whole.has('ICMP') || whole.has('ICMPv6');
  const isAll = isIcmp && ['TCP', 'UDP', 'SCTP', 'other'].every(protocol => whole.has(protocol));
  if (isAll && traffic.every(isWhole)) return 'everything';
  return traffic.map(text).join(' ');
}

/** Of `other`: all that has no name. */
const isWhole = ({ ports, sourcePorts, icmpTypes, icmpCodes, except }: Traffic): boolean =>
  (ports === null || isEveryPort(ports)) && !sourcePorts && !icmpTypes && !icmpCodes && !except;

function text({ protocol, ports, sourcePorts, icmpTypes, icmpCodes, except }: Traffic): string {
  const name = protocol === 'other' ? 'other protocols' : protocol;
  return [
    name,
    ...(except === undefined ? [] : [`but ${except.join(', ')}`]),
    ...(ports === null ? [] : [isEveryPort(ports) ? 'any' : formatPorts(ports)]),
    ...(sourcePorts === undefined ? [] : [`from ports ${formatPorts(sourcePorts)}`]),
    ...(icmpTypes === undefined ? [] : [`type ${formatPorts(icmpTypes)}`]),
    ...(icmpCodes === undefined ? [] : [`code ${formatPorts(icmpCodes)}`]),
  ].join(' ');
}
