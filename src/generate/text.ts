/**
 * Filters and headers as text (cold): ClassBench's filter lines, RuleList YAML, and a line of five words a header.
 */
import { formatV4, formatV6 } from '../rules/print.js';
import type { Filter, Prefix } from './rules.js';
import type { Header } from './trace.js';

export function formatAddress(words: readonly number[]): string {
  if (words.length === 1) return formatV4(words[0]!);
  return formatV6(words.reduce((value, word) => (value << 32n) | BigInt(word), 0n));
}

const prefixText = ({ words, length }: Prefix): string => `${formatAddress(words)}/${length}`;

/** `@10.0.0.0/8 192.168.1.0/24 0 : 65535 80 : 80 0x06/0xFF` */
export function classBenchLine({ source, destination, sourcePorts, destinationPorts, protocol }: Filter): string {
  const ports = `${sourcePorts.join(' : ')}\t${destinationPorts.join(' : ')}`;
  const hex = (protocol ?? 0).toString(16).padStart(2, '0');
  return `@${prefixText(source)}\t${prefixText(destination)}\t${ports}\t0x${hex}/0x${protocol === null ? '00' : 'FF'}`;
}

/** An item of a RuleList; open fields are left out. */
export function ruleListItem({ source, destination, sourcePorts, destinationPorts, protocol }: Filter): string {
  const parts = ['action: allow'];
  if (source.length > 0) parts.push(`source: "${prefixText(source)}"`);
  if (destination.length > 0) parts.push(`destination: "${prefixText(destination)}"`);
  if (protocol !== null) parts.push(`protocol: ${protocol}`);
  const range = ([low, high]: readonly [number, number]): string => (low === high ? `${low}` : `"${low}-${high}"`);
  const open = ([low, high]: readonly [number, number]): boolean => low === 0 && high === 65535;
  if (!open(sourcePorts)) parts.push(`sourcePorts: [${range(sourcePorts)}]`);
  if (!open(destinationPorts)) parts.push(`destinationPorts: [${range(destinationPorts)}]`);
  return `  - { ${parts.join(', ')} }`;
}

/** source, destination, source port, destination port, protocol */
export const headerLine = (h: Header): string =>
  `${formatAddress(h.source)} ${formatAddress(h.destination)} ${h.sourcePort} ${h.destinationPort} ${h.protocol}`;
