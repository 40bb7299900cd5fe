/**
 * The way through the decision tree as a drawing needs it, beside what a linear scan would take (cold).
 *
 * In:  a decision explained, and the rules it was made by.  Out: a TreeWalk a direction that asked the tree.
 */
import type { Compiled } from '../compile.js';
import { type DecisionExplanation, rowOf } from '../explain/decision.js';
import { protocolText } from '../packet/text.js';
import type { Direction } from '../rules/ruleset.js';
import type { Classifier } from '../tree/classifier.js';
import { describeOutcome } from '../tree/print.js';
import { countSteps } from '../tree/steps.js';
import type { Tree } from '../tree/tree.js';
import { type Scan, scanOf } from './scan.js';

export interface WalkStep {
  readonly field: string;
  readonly value: string;
  readonly threshold: string;
  readonly holds: boolean;
  /** Where the other side ends; null where it asks on. */
  readonly other: string | null;
}

export interface TreeWalk {
  readonly direction: Direction;
  readonly kind: 'dense' | 'sparse' | 'forest' | 'crossing';
  /** Which end of the packet the policies are about: whose address has which class, of how many; class -1 for none. */
  readonly subject: AddressClass;
  readonly peer: AddressClass;
  readonly steps: readonly WalkStep[];
  readonly end: string;
  readonly scan: Scan;
}

export interface AddressClass {
  readonly end: 'source' | 'destination';
  readonly address: string | null;
  readonly class: number;
  readonly classes: number;
}

export interface Trees {
  readonly walks: readonly TreeWalk[];
  /** Loads of tables and comparisons of the whole lookup, both addresses and all directions; null where no tree was asked. */
  readonly steps: number | null;
}

export function treesOf({ ruleset, classifier }: Compiled, decision: DecisionExplanation | null): Trees {
  if (decision === null || !decision.isWhole) return { walks: [], steps: null };
  const { header, sides } = decision;
  const walks = sides.flatMap(({ direction, path }): TreeWalk[] => {
    if (path === null || path.kind === 'none') return [];
    const [subject, peer] =
      direction === 'ingress' ? (['destination', 'source'] as const) : (['source', 'destination'] as const);
    const of = (end: 'source' | 'destination', cls: number, classes: number): AddressClass => ({
      end,
      address: header[end].address,
      class: cls,
      classes,
    });
    return [
      {
        direction,
        kind: path.kind,
        subject: of(subject, path.subject, path.subjects),
        peer: of(peer, path.peer, path.peers),
        steps: path.steps.map(({ field, value, threshold, holds, other }) => ({
          field,
          value: valueText(field, value),
          threshold: valueText(field, threshold),
          holds,
          other: other === null ? null : describeOutcome(other, ruleset),
        })),
        end: describeOutcome(path.outcome, ruleset),
        scan: scanOf(ruleset, direction, header, path.outcome),
      },
    ];
  });
  const row = rowOf(header);
  const steps = row === null || !isTree(classifier) || walks.length === 0 ? null : countSteps(classifier, row, 0);
  return { walks, steps };
}

const isTree = (classifier: Classifier): classifier is Tree => classifier.engine === 'tree';

function valueText(field: string, value: number): string {
  const name = field === 'protocol' ? protocolText(value) : '';
  return name === '' || name === `${value}` ? `${value}` : `${value} (${name})`;
}
