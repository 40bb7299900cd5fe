/**
 * Columns of outcomes and decisions (cold: asked once a key), the same for packets and connections.
 *
 * In:  rows that know their sides' keys.  Out: `egress_verdict`, `ingress_policy`, `service` and so on.
 */
import type { Owner } from '../cluster/inventory.js';
import type { Decision } from '../verdict/decisions.js';
import { CODES, type OutcomeRecord, PENDING, reasonOf, verdictOf } from '../verdict/verdict.js';
import type { Value } from '../where/field.js';
import type { Column } from './columns.js';
import { ownerName } from './owners.js';
import { EGRESS, FORWARD, INGRESS } from './packet-row.js';

/** A row of something that was judged. */
export interface JudgedRow {
  readonly code: number;
  readonly decisionKey: number;
  readonly decision: Decision | null;
  /** What the decision's owners are indices of. */
  readonly owners: readonly Owner[];
  sideKey(direction: number): number;
  outcomeOf(direction: number): OutcomeRecord | null;
}

const codes = Array.from({ length: CODES }, (_, code) => code).filter(code => code !== PENDING);
export const VERDICT_NAMES = ['allowed', 'dropped', 'undecided'] as const;
export const REASON_NAMES = [...new Set(codes.map(reasonOf))];

export const verdictColumns = (what: string): readonly Column<JudgedRow>[] => [
  {
    name: 'verdict',
    type: 'text',
    values: VERDICT_NAMES,
    sentence: what,
    from: 'key',
    key: codeKey,
    of: ({ code }) => verdictOf(code),
  },
  {
    name: 'reason',
    type: 'text',
    values: REASON_NAMES,
    sentence: 'Its reason.',
    from: 'key',
    key: codeKey,
    of: ({ code }) => reasonOf(code),
  },
];

export const codeKey = ({ code }: JudgedRow): number => code;

type OutcomePart = readonly [
  name: string,
  type: 'text' | 'texts' | 'boolean',
  sentence: string,
  of: (record: OutcomeRecord) => Value,
  values?: readonly string[],
];

const OUTCOME_PARTS: readonly OutcomePart[] = [
  ['subject', 'text', 'the pod whose policies are asked', ({ subject }) => subject],
  ['isolated', 'boolean', 'whether some policy selects it', ({ isolated }) => isolated],
  ['verdict', 'text', "this side's own verdict", ({ verdict }) => verdict, VERDICT_NAMES],
  ['reason', 'text', 'its reason', ({ reason }) => reason, REASON_NAMES],
  ['policies', 'texts', 'the policies that isolate the subject', ({ policies }) => policies],
  ['policy', 'text', 'the policy that matched', ({ policy }) => policy],
  ['rule', 'text', 'the rule that matched', ({ rule }) => rule],
  ['source', 'text', 'where that stands: file:line:column', ({ source }) => source],
  ['kind', 'text', 'the kind of the policy that decided, where outcomes name it', ({ kind }) => kind ?? null],
  ['tier', 'text', 'its tier, likewise', ({ tier }) => tier ?? null],
  ['answer', 'text', 'what the sender of a refused packet is told', ({ answer }) => answer ?? null],
];

const SIDES = [
  ['egress', EGRESS, 'Egress'],
  ['ingress', INGRESS, 'Ingress'],
  ['forward', FORWARD, 'Plain rules'],
] as const;

/** By direction. */
export const sideKeys = SIDES.map(
  ([, direction]) =>
    (row: JudgedRow): number =>
      row.sideKey(direction),
);

export const OUTCOME_COLUMNS: readonly Column<JudgedRow>[] = SIDES.flatMap(([side, direction, title]) => {
  const key = sideKeys[direction]!;
  return OUTCOME_PARTS.map(
    ([name, type, sentence, of, values]): Column<JudgedRow> => ({
      name: `${side}_${name}`,
      type,
      ...(values !== undefined && { values }),
      sentence: `${title}: ${sentence}.`,
      from: 'key',
      key,
      of(row) {
        const record = row.outcomeOf(direction);
        return record === null ? null : of(record);
      },
    }),
  );
});

export const decisionKey = ({ decisionKey: key }: JudgedRow): number => key;

export const DECISION_COLUMNS: readonly Column<JudgedRow>[] = [
  {
    name: 'service',
    type: 'text',
    sentence: 'The service that the initiator addressed.',
    from: 'key',
    key: decisionKey,
    of({ decision, owners }) {
      if (decision === null || decision.service < 0) return null;
      return ownerName(owners[decision.service]!);
    },
  },
  {
    name: 'backends_allowed',
    type: 'texts',
    sentence: 'Ready backends of it that allow this, where they disagree.',
    from: 'key',
    key: decisionKey,
    of: ({ decision }) => decision?.backends?.allowed ?? null,
  },
  {
    name: 'backends_dropped',
    type: 'texts',
    sentence: 'Ready backends of it that drop this, where they disagree.',
    from: 'key',
    key: decisionKey,
    of: ({ decision }) => decision?.backends?.dropped ?? null,
  },
];
