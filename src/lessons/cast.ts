/**
 * Who is there: the pods of a lesson's cluster, with what selectors can see of them (cold).
 *
 * In:  the lesson.  Out: lines: each namespace with its labels, below it its pods with labels, addresses and ports.
 */

import type { Labels, Pod, Service } from '../cluster/inventory.js';
import { createClusterReader } from '../cluster/read.js';
import { isPolicyDocument } from '../policy/read.js';
import type { Lesson } from './model.js';

export function castLines({ cluster }: Pick<Lesson, 'cluster'>): string[] {
  const { inventory } = createClusterReader(isPolicyDocument)(cluster);
  const lines: string[] = [];
  for (const { name, labels } of [...inventory.namespaces.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const rows = [
      ...inventory.pods.filter(pod => pod.namespace === name).map(podRow),
      ...inventory.services.filter(service => service.namespace === name).map(serviceRow),
    ];
    if (rows.length === 0) continue;
    lines.push(`namespace ${name}  ${labelText(labels)}`.trimEnd(), ...aligned(rows));
  }
  return lines;
}

const podRow = ({ name, addresses, labels, ports }: Pod): string[] => [
  name,
  addresses.find(address => !address.includes(':')) ?? '',
  labelText(labels),
  ports.map(({ name, protocol, port }) => [name, protocol, port].filter(it => it !== undefined).join(' ')).join(', '),
];

const serviceRow = ({ name, addresses, selector, ports }: Service): string[] => [
  `service ${name}`,
  addresses.find(address => !address.includes(':')) ?? '',
  selector === null ? '' : `-> ${labelText(selector)}`,
  ports.map(({ protocol, port, targetPort }) => `${protocol} ${port} -> ${targetPort}`).join(', '),
];

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .filter(([key]) => key !== 'pod-template-hash')
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

function aligned(rows: readonly string[][]): string[] {
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column]!.length)));
  return rows.map(row => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}
