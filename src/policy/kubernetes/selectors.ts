/**
 * Label selectors of policies: decoded -> validated (6, 25 of docs/semantics.md).
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import type { LabelSelector } from '../policy.js';
import { OPERATORS } from './fields.js';
import { labelKeyComplaints, labelValueComplaints } from './names.js';

interface DecodedRequirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly (string | null | undefined)[];
}

export interface DecodedSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly (DecodedRequirement | null | undefined)[];
}

type Requirement = LabelSelector['matchExpressions'][number];

/** Absent and empty mean the same: everything. */
export function readSelector(selector: DecodedSelector = {}, path: Path, findings: Findings): LabelSelector {
  const matchLabels = selector.matchLabels ?? {};
  const labelsPath = [...path, 'matchLabels'];
  for (const [key, value] of Object.entries(matchLabels)) {
    const at = [...labelsPath, key];
    for (const complaint of labelKeyComplaints(key)) {
      findings.error(labelsPath, `Invalid value: ${shown(key)}: ${complaint}`, undefined, at);
    }
    for (const complaint of labelValueComplaints(value)) {
      findings.error(labelsPath, `Invalid value: ${shown(value)}: ${complaint}`, undefined, at);
    }
  }
  const matchExpressions = (selector.matchExpressions ?? []).map((requirement, i) =>
    requirement === undefined ? null : readRequirement(requirement ?? {}, [...path, 'matchExpressions', i], findings),
  );
  return { matchLabels, matchExpressions: matchExpressions.filter(requirement => requirement !== null) };
}

function readRequirement(given: DecodedRequirement, path: Path, findings: Findings): Requirement | null {
  const values = (given.values ?? []).map(value => value ?? '');
  const valuesPath = [...path, 'values'];
  const operator = OPERATORS.find(name => name === given.operator);
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        findings.error(valuesPath, "Required value: must be specified when `operator` is 'In' or 'NotIn'");
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        findings.error(valuesPath, "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    default: {
      const meant = nearest(given.operator ?? '', OPERATORS);
      const hint = meant === null ? `operators are ${OPERATORS.join(', ')}` : `did you mean "${meant}"?`;
      findings.error(
        [...path, 'operator'],
        `Invalid value: ${shown(given.operator ?? '')}: not a valid selector operator`,
        hint,
      );
    }
  }
  values.forEach((value, i) => {
    for (const complaint of labelValueComplaints(value)) {
      findings.error([...valuesPath, i], `Invalid value: ${shown(value)}: ${complaint}`);
    }
  });
  const key = given.key ?? '';
  for (const complaint of labelKeyComplaints(key)) {
    findings.error([...path, 'key'], `Invalid value: ${shown(key)}: ${complaint}`);
  }
  return operator === undefined ? null : { key, operator, values };
}
