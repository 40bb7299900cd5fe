/**
 * Selectors of Cilium's policies: decoded -> validated, keys taken apart (CI8).
 *
 * `k8s:app`, `any:app`, `reserved:host`: what stands before the first colon is the source; a key without one asks any source.
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import { OPERATORS } from '../kubernetes/fields.js';
import { labelKeyComplaints, labelValueComplaints } from '../kubernetes/names.js';
import type { DecodedSelector } from '../kubernetes/selectors.js';
import type { CiliumRequirement, CiliumSelector } from './model.js';

/** Absent and empty mean the same: nothing is asked. */
export function readSelector(given: DecodedSelector | null | undefined, path: Path, findings: Findings) {
  const requirements: CiliumRequirement[] = [];
  const labelsPath = [...path, 'matchLabels'];
  for (const [text, value] of Object.entries(given?.matchLabels ?? {})) {
    const at = [...labelsPath, text];
    const key = readKey(text, labelsPath, at, findings);
    checkValue(value, labelsPath, at, findings);
    requirements.push({ ...key, operator: 'In', values: [value], isLabel: true });
  }
  (given?.matchExpressions ?? []).forEach((expression, i) => {
    if (expression === undefined) return;
    const at = [...path, 'matchExpressions', i];
    const { key: text = '', operator: word = '', values: list = [] } = expression ?? {};
    const operator = OPERATORS.find(name => name === word);
    const values = list.map(value => value ?? '');
    const key = readKey(text, [...at, 'key'], [...at, 'key'], findings);
    if (operator === undefined) {
      const meant = nearest(word, OPERATORS);
      const hint = meant === null ? `operators are ${OPERATORS.join(', ')}` : `did you mean "${meant}"?`;
      findings.error([...at, 'operator'], `Invalid value: ${shown(word)}: not a valid selector operator`, hint);
      return;
    }
    const takesValues = operator === 'In' || operator === 'NotIn';
    if (takesValues && values.length === 0) {
      findings.error([...at, 'values'], "Required value: must be specified when `operator` is 'In' or 'NotIn'");
    }
    if (!takesValues && values.length > 0) {
      const message = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      findings.error([...at, 'values'], message);
    }
    values.forEach((value, j) => {
      checkValue(value, [...at, 'values', j], [...at, 'values', j], findings);
    });
    requirements.push({ ...key, operator, values });
  });
  return { requirements } satisfies CiliumSelector;
}

function readKey(text: string, path: Path, at: Path, findings: Findings): Pick<CiliumRequirement, 'source' | 'key'> {
  const colon = text.indexOf(':');
  const source = colon < 0 ? 'any' : text.slice(0, colon);
  const key = colon < 0 ? text : text.slice(colon + 1);
  for (const complaint of labelKeyComplaints(key)) {
    findings.error(path, `Invalid value: ${shown(text)}: ${complaint}`, undefined, at);
  }
  return { source: source === '' ? 'any' : source, key };
}

function checkValue(value: string, path: Path, at: Path, findings: Findings): void {
  for (const complaint of labelValueComplaints(value)) {
    findings.error(path, `Invalid value: ${shown(value)}: ${complaint}`, undefined, at);
  }
}
