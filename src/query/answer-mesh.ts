/**
 * What the service mesh says to a question: one record, and its sentence (cold). A part of answer.ts.
 *
 * In:  every pair that a question stands for, the mesh.  Out: its answer; where the pods differ, `undecided:
 * ambiguous-policy` and the groups by name. Without a request nothing is known of what a connection would carry: where that
 * makes a difference, the answer is undecided and says what it depends on.
 */
import type { Mesh, MeshAnswer, MeshReason, MeshVerdict } from '../mesh/mesh.js';
import { listed } from '../report/reason-text.js';
import type { HttpRequest } from '../requests/request.js';
import type { Candidate, Pair } from './answer-groups.js';

export interface MeshRecord extends Omit<MeshAnswer, 'reason'> {
  readonly reason: MeshReason | 'ambiguous-policy';
  /** Two or more where the pods differ. */
  readonly groups?: readonly { readonly verdict: MeshVerdict; readonly pods: readonly string[] }[];
}

/** @param podOf the owner index of a candidate, -1 for none  @returns null where no policy selects any destination */
export function meshRecord(
  pairs: readonly Pair[],
  protocol: number,
  mesh: Mesh,
  request: HttpRequest | null,
  podOf: (candidate: Candidate) => number,
): MeshRecord | null {
  if (!pairs.some(({ destination }) => mesh.selects(podOf(destination)))) return null;
  const answers = pairs.map(({ source, destination }) => {
    const connection = {
      source: podOf(source),
      sourceAddress: source.endpoint.address ?? '',
      destination: podOf(destination),
      destinationAddress: destination.endpoint.address ?? '',
      port: destination.port,
      protocol,
    };
    return request === null ? mesh.unread(connection) : mesh.request(connection, request);
  });
  const verdicts = [...new Set(answers.map(({ verdict }) => verdict))];
  if (verdicts.length === 1) return answers[0]!;
  const names = namesOf(pairs);
  const groups = verdicts.map(verdict => ({
    verdict,
    pods: [...new Set(names.filter((_, i) => answers[i]!.verdict === verdict))],
  }));
  return { verdict: 'undecided', reason: 'ambiguous-policy', policy: null, rule: null, source: null, groups };
}

/** Of the ends that make the difference. */
function namesOf(pairs: readonly Pair[]): string[] {
  const isOne = (end: 'source' | 'destination'): boolean => new Set(pairs.map(pair => pair[end].name)).size === 1;
  if (isOne('source')) return pairs.map(({ destination }) => destination.name);
  if (isOne('destination')) return pairs.map(({ source }) => source.name);
  return pairs.map(({ source, destination }) => `${source.name} -> ${destination.name}`);
}

export function meshSentence(
  { verdict, reason, policy, rule, dependsOn = [], groups = [] }: MeshRecord,
  destination: string,
): string {
  const named = [policy, rule].filter(part => part !== null).join(' ');
  switch (reason) {
    case 'no-policy':
      return `no rule denies it, and no ALLOW policy is about ${destination}`;
    case 'rule':
      return `${named} ${verdict === 'denied' ? 'denies' : 'allows'} it`;
    case 'default-deny':
      return `no rule of the ALLOW policies about ${destination} (${named}) allows it`;
    case 'not-enforced':
      return 'AuthorizationPolicies select it, but this passes no proxy that enforces them';
    case 'ambiguous-policy':
      return groups.map(it => `${it.verdict}: ${listed(it.pods)}`).join('; ');
    case 'unsupported':
      return `${named} depends on ${listed(dependsOn)}`;
  }
}
