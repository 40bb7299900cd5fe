/**
 * The matrix as a picture for a report of a capture: as fine as a page can show (cold).
 *
 * In:  compiled policies.  Out: an svg element with a row a workload, or a namespace where those are too many; null where there are
 * no pods, or where the matrix takes longer than who reads a report waits: it is asked pair by pair of what rules tell apart.
 */
import type { Compiled } from '../compile.js';
import { workloadName } from '../report/owners.js';
import type { Level } from './levels.js';
import { computeMatrix } from './matrix.js';
import { matrixSvg } from './svg.js';

const MOST_ROWS = 60;
/** Pairs of workloads times rules: a second or two. */
const MOST_WORK = 1_000_000;

export function matrixPicture(compiled: Pick<Compiled, 'ruleset' | 'inventory'>): string | null {
  const { pods } = compiled.inventory;
  const workloads = new Set(pods.map(workloadName)).size;
  const namespaces = new Set(pods.map(({ namespace }) => namespace)).size;
  const work = workloads ** 2 * compiled.ruleset.rules.length;
  if (workloads === 0 || work > MOST_WORK || namespaces > MOST_ROWS) return null;
  const level: Level = workloads <= MOST_ROWS ? 'workload' : 'namespace';
  const matrix = computeMatrix(compiled, level, true);
  if (matrix.names.length <= MOST_ROWS) return matrixSvg(matrix);
  return matrixSvg(computeMatrix(compiled, level, false), { notes: ['addresses outside of the cluster are left out'] });
}
