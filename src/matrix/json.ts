/**
 * The matrix as `policap.matrix/1` (docs/outputs.md).
 */
import type { Profile } from '../profile/profile.js';
import { profileField } from '../profile/profile.js';
import { hasPortsByName } from './cell-text.js';
import type { Level } from './levels.js';
import type { Matrix } from './matrix.js';
import type { Reach } from './reach.js';

export function matrixJson({ names, cells }: Matrix, by: Level, profile: Profile): string[] {
  const shown = cells.flat().flatMap(cell => {
    if (cell === null) return [];
    const { from, to, all, v4, v6, some, undecided } = cell;
    const only = Object.entries({ ipv4: reachJson(v4), ipv6: reachJson(v6) }).filter(([, reach]) => reach.length > 0);
    const unknown = reachJson(undecided);
    return [
      {
        ...{ from, to, allowed: reachJson(all), ...Object.fromEntries(only), some: reachJson(some) },
        ...(unknown.length > 0 && { undecided: unknown }),
      },
    ];
  });
  return [JSON.stringify({ schema: 'policap.matrix/1', ...profileField(profile), by, names, cells: shown }, null, 2)];
}

/** `{"protocol": "TCP", "ports": [[80, 80], [8000, 8100]]}`; `ports` null where the protocol has none. */
function reachJson(reach: Reach): { protocol: string; ports: [number, number][] | null }[] {
  return [...reach].flatMap(([protocol, ports]): { protocol: string; ports: [number, number][] | null }[] => {
    if (ports.length === 0) return [];
    if (!hasPortsByName(protocol)) return [{ protocol, ports: null }];
    const ranges: [number, number][] = [];
    for (let i = 0; i < ports.length; i += 2) ranges.push([ports[i]!, ports[i + 1]!]);
    return [{ protocol, ports: ranges }];
  });
}
