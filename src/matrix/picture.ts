/**
 * The matrix as a picture for a report of a capture: as fine as a page can show (cold).
 *
 * In:  compiled policies.  Out: an svg element with a row a workload, or a namespace where those are too many; null where even these
 * are, or where there are no pods.
 */
import type { Compiled } from '../compile.js';
import { workloadName } from '../report/owners.js';
import type { Level } from './levels.js';
import { computeMatrix } from './matrix.js';
import { matrixSvg } from './svg.js';

const MOST_ROWS = 60;

export function matrixPicture(compiled: Pick<Compiled, 'ruleset' | 'inventory'>): string | null {
  const { pods } = compiled.inventory;
  const rows: readonly (readonly [Level, number])[] = [
    ['workload', new Set(pods.map(workloadName)).size],
    ['namespace', new Set(pods.map(({ namespace }) => namespace)).size],
  ];
  const level = rows.find(([, count]) => count > 0 && count <= MOST_ROWS)?.[0];
  if (level === undefined) return null;
  const matrix = computeMatrix(compiled, level, true);
  if (matrix.names.length <= MOST_ROWS) return matrixSvg(matrix);
  return matrixSvg(computeMatrix(compiled, level, false), { notes: ['addresses outside of the cluster are left out'] });
}
