/**
 * Policies of other kinds, as the normal form has them: whom they select, and which of their rules can match (cold).
 *
 * In:  the context.  Out: an entry a policy. Left out is what the normal form does not tell: policies of which readers or
 * rules warned (something of them is not modelled), and what is about nodes, hosts and others that no cluster's documents
 * hold.
 */
import type { AdminPolicy } from '../policy/admin/model.js';
import type { AntreaPolicy } from '../policy/antrea/model.js';
import type { CalicoPolicy } from '../policy/calico/model.js';
import type { CiliumPolicy, CiliumSelector } from '../policy/cilium/model.js';
import { type DialectObject, objectName } from '../policy/dialects.js';
import { isEmpty } from '../rules/addresses.js';
import type { LintContext } from './context.js';
import { byPolicy, type Own, policyKey } from './origins.js';
import { boxOf, isVoid } from './region.js';

export interface OtherReach {
  readonly dialect: string;
  readonly object: DialectObject;
  /** null: the normal form does not tell. */
  readonly selectsSomebody: boolean | null;
  /** Rules that no packet can match. */
  readonly void: readonly { readonly rule: string; readonly position: DialectObject['position'] }[];
}

export function* reachOfOthers(context: LintContext): Generator<OtherReach> {
  const { others, compiled } = context;
  if (others.length === 0) return;
  const owned = byPolicy(compiled.ruleset);
  for (const { dialect, object } of others) {
    if (context.hasWarnings(object.position)) continue;
    const telling = TELLING[dialect]?.(object);
    if (telling === undefined || telling === null) continue;
    const own = owned.get(policyKey({ kind: object.kind, policy: objectName(object) })) ?? {
      rules: [],
      isolations: [],
    };
    const selectsSomebody = telling.selects(own, context);
    const matching = new Set(own.rules.filter(rule => !isVoid(boxOf(rule))).map(({ origin }) => origin.rule));
    const isVoidRule = (rule: string): boolean => telling.rules.has(rule) && !matching.has(rule);
    const declared = selectsSomebody === false ? [] : (object.declares ?? []);
    yield { dialect, object, selectsSomebody, void: declared.filter(({ rule }) => isVoidRule(rule)) };
  }
}

interface Telling {
  selects(own: Own, context: LintContext): boolean | null;
  /** Those of which it can be told that they match nothing. */
  readonly rules: ReadonlySet<string>;
}

const TELLING: Readonly<Record<string, (object: DialectObject) => Telling | null>> = {
  admin(object) {
    const { subject, ingress, egress } = object as AdminPolicy;
    return {
      selects: (_, { selection }) => selection.inNamespaces(subject.namespaceSelector, subject.podSelector).length > 0,
      rules: new Set(
        [...ingress, ...egress]
          .filter(({ peers }) => peers.every(({ kind }) => kind === 'pods' || kind === 'networks'))
          .map(({ rule }) => rule),
      ),
    };
  },
  antrea(object) {
    const { ingress, egress } = object as AntreaPolicy;
    const isPlain = ({ kind }: { readonly kind: string }): boolean => ANTREA_PLAIN.has(kind);
    const rules = [...ingress, ...egress].filter(
      ({ peers, appliedTo, toServices }) =>
        toServices.length === 0 && appliedTo.every(isPlain) && (peers ?? []).every(isPlain),
    );
    return { selects: () => null, rules: new Set(rules.map(({ rule }) => rule)) };
  },
  calico(object) {
    const policy = object as CalicoPolicy;
    if (object.kind === 'Profile' || policy.doNotTrack || policy.preDNAT || policy.applyOnForward) return null;
    return { selects: selectsByRules, rules: new Set((object.declares ?? []).map(({ rule }) => rule)) };
  },
  cilium(object) {
    const { specs } = object as CiliumPolicy;
    const isPlain = ({ requirements }: CiliumSelector): boolean =>
      requirements.every(({ source }) => source === 'any' || source === 'k8s');
    if (!specs.every(({ subject }) => subject.kind === 'endpoints' && isPlain(subject.selector))) return null;
    const rules = specs
      .flatMap(spec => spec.rules)
      .filter(({ peers }) => peers?.kind === 'endpoints' && peers.selectors.every(isPlain));
    return { selects: selectsByRules, rules: new Set(rules.map(({ name }) => name)) };
  },
};

const ANTREA_PLAIN: ReadonlySet<string> = new Set(['pods', 'block', 'serviceAccount']);

const selectsByRules = ({ rules, isolations }: Own): boolean =>
  [...rules, ...isolations].some(({ subjects }) => !isEmpty(subjects));
