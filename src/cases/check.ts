/**
 * An answer beside what was expected of it (cold).
 *
 * In:  an Answer (query/answer.ts) and an Expectation.  Out: one sentence on what is wrong, null where all of it holds.
 * An answer that differs among pods is `undecided`, and so meets no other expectation: the sentence names the groups.
 */
import type { Answer } from '../query/answer.js';
import { listed, outcomeText } from '../report/reason-text.js';
import type { OutcomeRecord } from '../verdict/verdict.js';
import type { Expectation } from './model.js';

/** Pods named of a group. */
const NAMED = 6;

export function checkAnswer(answer: Answer, expected: Expectation): string | null {
  const { verdict, reason, sides, policies, mesh } = expected;
  if (answer.verdict !== verdict) return `expected ${verdict}, got ${saidOf(answer)}`;
  if (reason !== undefined && sides.length === 0 && answer.reason !== reason) {
    return `expected ${verdict}: ${reason}, got ${saidOf(answer)}`;
  }
  for (const side of sides) {
    const outcome = answer[side];
    const wanted = `${verdict}${reason === undefined ? '' : `: ${reason}`} by the ${side} side`;
    if (outcome === null) return `expected ${wanted}, which decides nothing here; got ${saidOf(answer)}`;
    if (outcome.verdict !== verdict || (reason !== undefined && outcome.reason !== reason)) {
      return `expected ${wanted}, got ${outcome.verdict}: ${outcomeText(side, outcome)}`;
    }
  }
  for (const policy of policies) {
    if (decidersOf(answer, expected).some(it => decides(it, policy))) continue;
    const where = sides.length === 0 ? '' : ` on the ${sides.join(' and ')} side`;
    return `expected ${verdict} by ${policy}${where}, got ${saidOf(answer)}`;
  }
  if (mesh !== undefined && answer.mesh?.verdict !== mesh) {
    const said =
      answer.mesh === null ? 'no AuthorizationPolicy selects it' : `${answer.mesh.verdict}: ${answer.mesh.reason}`;
    return `expected ${mesh} by the mesh, got ${said}`;
  }
  return null;
}

/** The outcomes that may have made the verdict. */
function decidersOf(answer: Answer, { verdict, sides }: Expectation): OutcomeRecord[] {
  const outcomes = sides.length > 0 ? sides.map(side => answer[side]) : [answer.egress, answer.ingress, answer.forward];
  return outcomes.filter(outcome => outcome !== null).filter(outcome => outcome.verdict === verdict);
}

/** A rule is one policy's; a default deny is of all that isolate. */
const decides = ({ reason, policy, policies }: OutcomeRecord, name: string): boolean =>
  policy === name || (reason === 'default-deny' && policies.includes(name));

/** `dropped: ingress default-deny: shop/db (policies/data.yaml:1)`. */
function saidOf({ verdict, reason, egress, ingress, forward, groups }: Answer): string {
  if (groups.length > 0) {
    const said = groups.map(group => {
      const family = group.family === undefined ? '' : ` over IPv${group.family}`;
      return `${group.verdict}${family}: ${listed(group.pods, NAMED)}`;
    });
    return `different answers (${said.join('; ')})`;
  }
  const sides = (
    [
      ['egress', egress],
      ['ingress', ingress],
      ['rules', forward],
    ] as const
  ).flatMap(([side, outcome]) =>
    outcome !== null && outcome.verdict === verdict && outcome.reason !== 'no-policy'
      ? [outcomeText(side, outcome)]
      : [],
  );
  return `${verdict}: ${sides.length === 0 ? reason : sides.join('; ')}`;
}
