/**
 * Port sets: sorted, disjoint, inclusive intervals of 0..65535 (cold).
 */
import * as intervals from './intervals.js';
import type { PortSet } from './ruleset.js';

export const NO_PORTS: PortSet = [];
export const ALL_PORTS: PortSet = [0, 65535];

/** Flat [lo, hi, ...] in any order -> a PortSet. */
export const portSet = (flat: readonly number[]): PortSet => intervals.canonical(flat, intervals.NUMBERS);
export const unionPorts = (...sets: readonly PortSet[]): PortSet => intervals.union(sets, intervals.NUMBERS);
export const intersectPorts = (a: PortSet, b: PortSet): PortSet => intervals.intersect(a, b);
export const subtractPorts = (a: PortSet, b: PortSet): PortSet => intervals.subtract(a, b, intervals.NUMBERS);
export const containsPort = (set: PortSet, port: number): boolean => intervals.contains(set, port);

/** `80,443,8000-8100`; null = `any`. */
export function formatPorts(set: PortSet | null): string {
  if (set === null) return 'any';
  const parts: string[] = [];
  for (let i = 0; i < set.length; i += 2) {
    parts.push(set[i] === set[i + 1] ? `${set[i]}` : `${set[i]}-${set[i + 1]}`);
  }
  return parts.length === 0 ? 'none' : parts.join(',');
}
