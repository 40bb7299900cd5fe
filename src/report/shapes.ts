/**
 * Numbers that are equal for what reads the same in a report (cold): conversations are told apart by them.
 *
 * In:  decisions, and owners of ends.  Out: a number a distinct outcome (whoever the ends are), and one a workload.
 */
import { workloadName } from './owners.js';
import type { ReplayContext } from './report.js';

export interface Shapes {
  ofDecision(decision: number): number;
  /** @param owner -1 for nobody, whose number is -1 */
  ofWorkload(owner: number): number;
}

export function createShapes({ compiled, decisions }: Pick<ReplayContext, 'compiled' | 'decisions'>): Shapes {
  const { owners } = compiled.inventory;
  const shapes = new Map<string, number>();
  /** By decision. */
  const known = new Map<number, number>();
  const workloads = new Map<string, number>();
  const numbers = owners.map(owner => {
    const name = workloadName(owner);
    const number = workloads.get(name) ?? workloads.size;
    workloads.set(name, number);
    return number;
  });
  return {
    ofDecision(decision) {
      const found = known.get(decision);
      if (found !== undefined) return found;
      const { egress, ingress, forward, code, service, backends } = decisions[decision]!;
      const split = backends === null ? '' : JSON.stringify(backends);
      const key = `${egress} ${ingress} ${forward} ${code} ${service} ${split}`;
      const shape = shapes.get(key) ?? shapes.size;
      shapes.set(key, shape);
      known.set(decision, shape);
      return shape;
    },
    ofWorkload: owner => (owner < 0 ? -1 : numbers[owner]!),
  };
}
