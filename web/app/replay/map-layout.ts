/**
 * Where a map's workloads stand: a box a namespace, side by side in rows, its workloads one below the other.
 *
 * In:  the engine's map.  Out: places in pixels, the same for the same map.
 */
import type { WorkloadMap } from '../../worker/protocol.js';

export interface Place {
  readonly x: number;
  readonly y: number;
  /** The name as it fits. */
  readonly text: string;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly namespaces: readonly { name: string; x: number; y: number; width: number; height: number }[];
  readonly places: ReadonlyMap<string, Place>;
  /** Workloads that are not drawn. */
  readonly left: number;
}

export const BOX = { width: 190, height: 26 };
const GAP = 18;
const BETWEEN = 90;
const HEAD = 28;
/** Namespaces side by side. */
const ACROSS = 4;
const MOST_WORKLOADS = 120;
/** Characters that fit in a box. */
const MOST_TEXT = 25;

export function layOut(map: WorkloadMap): Layout {
  const drawn = mostRefused(map);
  const places = new Map<string, Place>();
  const namespaces: Layout['namespaces'][number][] = [];
  const shown = map.namespaces
    .map(({ name, workloads }) => ({ name, workloads: workloads.filter(it => drawn.has(it)) }))
    .filter(({ workloads }) => workloads.length > 0);
  let y = 10;
  let width = 0;
  for (let from = 0; from < shown.length; from += ACROSS) {
    const row = shown.slice(from, from + ACROSS);
    let tallest = 0;
    for (const [column, { name, workloads }] of row.entries()) {
      const x = 10 + column * (BOX.width + 2 * GAP + BETWEEN);
      for (const [i, workload] of workloads.entries()) {
        const text = shortened(name === '' ? workload : workload.slice(name.length + 1));
        places.set(workload, { x: x + GAP, y: y + HEAD + i * (BOX.height + GAP), text });
      }
      const height = HEAD + workloads.length * (BOX.height + GAP);
      namespaces.push({ name, x, y, width: BOX.width + 2 * GAP, height });
      tallest = Math.max(tallest, height);
      width = Math.max(width, x + BOX.width + 2 * GAP + 10);
    }
    y += tallest + BETWEEN / 2;
  }
  const all = map.namespaces.reduce((sum, { workloads }) => sum + workloads.length, 0);
  return { width: Math.max(width, 1), height: Math.max(y, 1), namespaces, places, left: all - places.size };
}

/** The workloads that are drawn: all, or those with the most refused connections. */
function mostRefused({ namespaces, edges }: WorkloadMap): ReadonlySet<string> {
  const all = namespaces.flatMap(({ workloads }) => workloads);
  if (all.length <= MOST_WORKLOADS) return new Set(all);
  const weights = new Map(all.map(name => [name, 0]));
  for (const { from, to, dropped, undecided, allowed } of edges) {
    const weight = dropped.connections * 1e6 + undecided.connections * 1e3 + Math.min(999, allowed.connections);
    for (const name of [from, to]) weights.set(name, (weights.get(name) ?? 0) + weight);
  }
  return new Set(all.sort((a, b) => weights.get(b)! - weights.get(a)!).slice(0, MOST_WORKLOADS));
}

const shortened = (text: string): string =>
  text.length <= MOST_TEXT ? text : `${text.slice(0, 12)}…${text.slice(12 - MOST_TEXT)}`;
