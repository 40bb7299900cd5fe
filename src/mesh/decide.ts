/**
 * The policies of one pod against traffic -> a decision (IS4 to IS7) (cold).
 *
 * CUSTOM first, then DENY, then ALLOW; without an ALLOW policy everything is allowed. What cannot be known makes the
 * decision undecided only where it would change it.
 */
import { formatPosition, type Position } from '../documents/document.js';
import { objectName } from '../policy/dialects.js';
import type { AuthorizationPolicy, IstioAction, IstioRule } from '../policy/istio/model.js';
import { ruleHolds } from './rules.js';
import type { Traffic } from './terms.js';
import { type Doubt, distinctDoubts } from './truth.js';

export type MeshVerdict = 'allowed' | 'denied' | 'undecided';

/**
 * `no-policy`: no ALLOW policy is about the pod, and no DENY rule matches; `default-deny`: ALLOW policies are, and none of
 * their rules matches; `not-enforced`: policies are about the pod, but its traffic passes no proxy; `unsupported`: undecided.
 */
export type MeshReason = 'no-policy' | 'rule' | 'default-deny' | 'not-enforced' | 'unsupported';

export interface MeshAnswer {
  readonly verdict: MeshVerdict;
  readonly reason: MeshReason;
  /** "shop/web": whose rule decided, or is not known to match; of default-deny the first ALLOW policy. */
  readonly policy: string | null;
  /** "rules[2]". */
  readonly rule: string | null;
  /** `file:line:column` of the rule, else of the policy. */
  readonly source: string | null;
  /** AUDIT policies that match, where there are any. */
  readonly audited?: readonly string[];
  /** Of undecided answers: what would have to be known, as it stands behind "depends on". */
  readonly dependsOn?: readonly string[];
}

/** An answer, and what it depends on, in full. */
export interface Decision {
  readonly answer: MeshAnswer;
  readonly doubts: readonly Doubt[];
  /** AUDIT policies may match, but for a request that is not read. */
  readonly isAuditOpen: boolean;
}

interface Found {
  readonly policy: AuthorizationPolicy;
  readonly rule: IstioRule;
}

/** What the policies of one action say: the first rule that surely matches; else the first that may, and why not surely. */
interface Stage {
  readonly count: number;
  readonly sure: Found | null;
  readonly maybe: Found | null;
  readonly doubts: readonly Doubt[];
}

export function decide(policies: readonly AuthorizationPolicy[], traffic: Traffic): Decision {
  const stage = (action: IstioAction): Stage =>
    ask(
      policies.filter(it => it.action === action),
      traffic,
    );
  // (IS23): ztunnel knows neither CUSTOM nor AUDIT.
  const isSidecar = traffic.proxy === 'sidecar';
  const [custom, deny, allow] = [isSidecar ? stage('CUSTOM') : NOTHING, stage('DENY'), stage('ALLOW')];
  const { audited, isAuditOpen } = isSidecar ? audit(policies, traffic) : NO_AUDIT;
  const tell = (answer: MeshAnswer, doubts: readonly Doubt[] = []): Decision => ({
    answer: audited.length === 0 ? answer : { ...answer, audited },
    doubts,
    isAuditOpen,
  });
  if (deny.sure !== null) return tell(answerOf('denied', 'rule', deny.sure));
  if (allow.count > 0 && allow.sure === null && allow.maybe === null) {
    const [policy] = policies.filter(({ action }) => action === 'ALLOW');
    return tell(answerOf('denied', 'default-deny', { policy: policy!, rule: null }));
  }
  const open = custom.sure ?? custom.maybe ?? deny.maybe ?? (allow.sure === null ? allow.maybe : null);
  if (open === null) return tell(allow.sure === null ? ALLOWED : answerOf('allowed', 'rule', allow.sure));
  const asked = custom.sure ?? custom.maybe;
  const provider = asked === null ? [] : [{ on: `the answer of the provider ${asked.policy.provider}` }];
  const doubts = distinctDoubts([
    ...custom.doubts,
    ...provider,
    ...deny.doubts,
    ...(allow.sure === null ? allow.doubts : []),
  ]);
  return tell({ ...answerOf('undecided', 'unsupported', open), dependsOn: doubts.map(({ on }) => on) }, doubts);
}

const NOTHING: Stage = { count: 0, sure: null, maybe: null, doubts: [] };
const NO_AUDIT = { audited: [], isAuditOpen: false } as const;

export const ALLOWED: MeshAnswer = { verdict: 'allowed', reason: 'no-policy', policy: null, rule: null, source: null };

function ask(policies: readonly AuthorizationPolicy[], traffic: Traffic): Stage {
  let maybe: Found | null = null;
  const doubts: Doubt[] = [];
  for (const policy of policies) {
    for (const rule of policy.rules) {
      const truth = ruleHolds(policy, rule, traffic);
      if (truth === true) return { count: policies.length, sure: { policy, rule }, maybe: null, doubts: [] };
      if (truth === false) continue;
      maybe ??= { policy, rule };
      doubts.push(...truth);
    }
  }
  return { count: policies.length, sure: null, maybe, doubts };
}

function audit(policies: readonly AuthorizationPolicy[], traffic: Traffic) {
  const audited: string[] = [];
  let isAuditOpen = false;
  for (const policy of policies) {
    if (policy.action !== 'AUDIT') continue;
    const { sure, doubts } = ask([policy], traffic);
    if (sure !== null) audited.push(objectName(policy));
    if (doubts.some(({ ofRequest }) => ofRequest === true)) isAuditOpen = true;
  }
  return { audited, isAuditOpen };
}

export function answerOf(
  verdict: MeshVerdict,
  reason: MeshReason,
  { policy, rule }: { readonly policy: AuthorizationPolicy; readonly rule: IstioRule | null },
): MeshAnswer {
  const position: Position = rule?.position ?? policy.position;
  return {
    verdict,
    reason,
    policy: objectName(policy),
    rule: rule?.name ?? null,
    source: formatPosition(position),
  };
}
