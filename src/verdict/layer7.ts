/**
 * Rules that look at requests: what they say of a connection's (cold).
 *
 * In:  a connection whose decision rests on such rules, and its requests, one by one.  Out: the code of the packet that
 * completes a request, and to whoever listens what became of it. A request must pass on both sides, as the connection must;
 * on a side it passes if any of the tier's rules that match the connection lets it through, or the one that an engine asks.
 */
import type { Inventory } from '../cluster/inventory.js';
import { formatPosition } from '../documents/document.js';
import type { HttpRequest } from '../requests/request.js';
import type { RequestCondition, Rule, Ruleset, Tier } from '../rules/ruleset.js';
import type { Question } from '../tree/classifier.js';
import { createLinear } from '../tree/linear.js';
import type { Decision } from './decisions.js';
import type { OpenedConnection } from './opened.js';
import type { Listening, RequestListener } from './request-streams.js';
import {
  ALLOWED_DNS_DENIED,
  ALLOWED_HTTP_DENIED,
  DROPPED_HTTP_DENIED,
  PENDING,
  reasonOf,
  UNDECIDED_UNSUPPORTED,
} from './verdict.js';

/** A request that was judged, or that could not be; of a mesh a connection as a whole, too. */
export interface JudgedRequest extends OpenedConnection {
  /** Of the packet that completes it. */
  readonly packet: number;
  /** TCP: the connection as a whole. */
  readonly protocol: 'HTTP' | 'DNS' | 'TCP';
  readonly verdict: 'allowed' | 'denied' | 'undecided';
  readonly reason: string;
  /** The request; null where it was not read. */
  readonly request: HttpRequest | null;
  /** Of a DNS question. */
  readonly name: string | null;
  /** Who refuses it; else null. */
  readonly by: RefusedBy | null;
  /** Why it is undecided; '' elsewhere. */
  readonly why: string;
}

/** Where the first rule stands of those that might have let a request pass, or the one that denies it. */
export interface RefusedBy {
  readonly side: 'egress' | 'ingress' | 'mesh';
  readonly kind: string;
  readonly policy: string;
  /** null: no rule of the policy matches. */
  readonly rule: string | null;
  readonly source: string;
}

/** What it asks of a decision. */
type Outcomes = Pick<Decision, 'egress' | 'ingress' | 'isOneOfSeveral'>;

interface Side {
  /** The rule that decided on the connection: the first of those that match it. */
  readonly rule: Rule;
  readonly conditions: readonly RequestCondition[];
}

/** Whether a rule looks at requests. */
export const asksRequests = ({ ruleset }: { readonly ruleset: Ruleset }): boolean =>
  ruleset.rules.some(({ layer7 }) => layer7 !== undefined);

/** The same rules, where those that look at requests allow what opens: for who judges the requests. */
export function withRequestsJudged(ruleset: Ruleset): Ruleset {
  if (!asksRequests({ ruleset })) return ruleset;
  const rules = ruleset.rules.map((rule): Rule => (rule.layer7 === undefined ? rule : { ...rule, action: 'allow' }));
  const inTiers = (tiers: readonly Tier[]): Tier[] =>
    tiers.map(tier => ({ ...tier, rules: tier.rules.map(({ index }) => rules[index]!) }));
  const { egress, ingress, forward } = ruleset;
  return { ...ruleset, rules, egress: inTiers(egress), ingress: inTiers(ingress), forward: inTiers(forward) };
}

const MOST_KNOWN = 100_000;

export class Layer7 implements Listening {
  readonly changesVerdicts = true;
  private readonly linear: ReturnType<typeof createLinear>;
  /** By direction and tier, the rules that look at requests. */
  private readonly asking = new Map<string, Rule[]>();
  /** Rules that ask for a name, of which the rule behind looks at requests. */
  private readonly named: readonly Rule[];
  /** By decision and ends, who asks. */
  private readonly known = new Map<string, Side[]>();

  constructor(
    private readonly ruleset: Ruleset,
    inventory: Inventory,
    private readonly onRequest: (judged: JudgedRequest) => void,
  ) {
    this.linear = createLinear(ruleset, inventory);
    const { rules } = ruleset;
    this.named = rules.filter(({ names, index }) => names !== undefined && rules[index + 1]?.layer7 !== undefined);
    for (const rule of ruleset.rules) {
      if (rule.layer7 === undefined) continue;
      const key = `${rule.direction} ${rule.tier}`;
      const group = this.asking.get(key);
      if (group === undefined) this.asking.set(key, [rule]);
      else group.push(rule);
    }
  }

  /** Whether a connection decided so has its requests judged. */
  isAsked({ egress, ingress, isOneOfSeveral }: Outcomes): boolean {
    return isOneOfSeveral === true || this.ruleOf(egress) !== null || this.ruleOf(ingress) !== null;
  }

  listen(connection: OpenedConnection, decision: Outcomes): RequestListener | null {
    const ways = this.waysOf(connection, decision);
    const sides = ways.flat();
    if (sides.length === 0) return null;
    const protocols = new Set(sides.flatMap(({ conditions }) => conditions.map(({ protocol }) => protocol)));
    const [protocol = 'HTTP'] = protocols;
    const denied = protocol === 'HTTP' ? ALLOWED_HTTP_DENIED : ALLOWED_DNS_DENIED;
    let hasPassed = false;
    let isEnded = false;
    const report = (given: Omit<JudgedRequest, keyof OpenedConnection | 'protocol' | 'reason'>): number => {
      if (isEnded) return PENDING;
      const isDropped = given.by !== null && refuses(sides, given.by.side);
      // Whether an engine looks on behind a request that passed depends on its version.
      const judged =
        isDropped && hasPassed ? { ...given, verdict: 'undecided' as const, by: null, why: BEHIND } : given;
      const refused = isDropped ? DROPPED_HTTP_DENIED : denied;
      const code = { allowed: PENDING, denied: refused, undecided: UNDECIDED_UNSUPPORTED }[judged.verdict];
      hasPassed ||= judged.verdict === 'allowed';
      isEnded = code === DROPPED_HTTP_DENIED;
      this.onRequest({ ...connection, protocol, reason: code === PENDING ? 'rule' : reasonOf(code), ...judged });
      return code;
    };
    const nothing = { request: null, name: null, by: null };
    if (protocols.size > 1) {
      // Cilium refuses policies that mix them on one port.
      const why = 'rules about HTTP and about DNS meet on it';
      const unread = (_: unknown, packet: number): number => report({ packet, verdict: 'undecided', why, ...nothing });
      return { protocol, http: unread, dns: unread, unread };
    }
    return {
      protocol,
      http: (request, packet) => report({ packet, name: null, request, ...judgeAll(ways, it => asHttp(it, request)) }),
      dns: (name, packet) => report({ packet, name, request: null, ...judgeAll(ways, it => asDns(it, name)) }),
      unread: (why, packet) => report({ packet, verdict: 'undecided', why, ...nothing }),
    };
  }

  private ruleOf(outcome: number): Rule | null {
    const rule = outcome < 0 ? undefined : this.ruleset.rules[outcome];
    return rule?.layer7 === undefined ? null : rule;
  }

  /** Of each backend that it may have reached, the sides that ask. */
  private waysOf({ question, alternatives }: OpenedConnection, { egress, ingress }: Outcomes): readonly Side[][] {
    if (alternatives.length === 0) return [this.sidesOf(question, egress, ingress)];
    return alternatives.map(it => {
      const [out, into] = this.linear.decide(it);
      return this.sidesOf(it, out, into);
    });
  }

  private sidesOf(question: Question, egress: number, ingress: number): Side[] {
    const { source, destination, protocol, destinationPort } = question;
    const end = ({ owner, address }: Question['source']): string => `${owner} ${address}`;
    const key = `${egress} ${ingress} ${end(source)} ${end(destination)} ${protocol} ${destinationPort}`;
    let sides = this.known.get(key);
    if (sides === undefined) {
      sides = [egress, ingress].flatMap(outcome => {
        const rule = this.ruleOf(outcome);
        return rule === null ? [] : [this.sideOf(rule, question)];
      });
      if (this.known.size >= MOST_KNOWN) this.known.clear();
      this.known.set(key, sides);
    }
    return sides;
  }

  private sideOf(rule: Rule, question: Question): Side {
    if (rule.layer7!.refusal === 'dropped') return { rule, conditions: [rule.layer7!] };
    const others = this.asking.get(`${rule.direction} ${rule.tier}`)!;
    const matching = others.filter(it => it === rule || (it.names === undefined && this.linear.matches(it, question)));
    const conditions = matching.map(({ layer7 }) => layer7!);
    // Whether the address has another rule's name, too, was not asked.
    const mayMatch = this.named.some(
      it => it.direction === rule.direction && it.index + 1 !== rule.index && this.linear.matches(it, question),
    );
    return { rule, conditions: mayMatch ? [...conditions, maybe(rule.layer7!.protocol)] : conditions };
  }
}

/** What a rule lets through that may match. */
const maybe = (protocol: RequestCondition['protocol']): RequestCondition => ({
  refusal: 'answered',
  protocol,
  texts: [],
  allows: () => null,
});

const BEHIND = 'an engine may not look at what follows a request that it let through';

/** Whether the side's refusal ends the connection. */
const refuses = (sides: readonly Side[], side: RefusedBy['side']): boolean =>
  sides.some(({ rule }) => rule.direction === side && rule.layer7!.refusal === 'dropped');

type Ask = (condition: RequestCondition) => boolean | null;

const asHttp = (condition: RequestCondition, request: HttpRequest): boolean | null =>
  condition.protocol === 'HTTP' ? condition.allows(request) : null;
const asDns = (condition: RequestCondition, name: string): boolean | null =>
  condition.protocol === 'DNS' ? condition.allows(name) : null;

/** Where the backends that it may have reached answer in different ways, nobody knows. */
function judgeAll(ways: readonly Side[][], ask: Ask): Pick<JudgedRequest, 'verdict' | 'by' | 'why'> {
  const [first, ...others] = ways.map(sides => judge(sides, ask));
  const isSame = others.every(({ verdict }) => verdict === first!.verdict);
  return isSame ? first! : { verdict: 'undecided', by: null, why: 'the backends of its service do not answer alike' };
}

/** A refusal beats an answer that is not known: of the sides' refusals the first on the way counts. */
function judge(sides: readonly Side[], ask: Ask): Pick<JudgedRequest, 'verdict' | 'by' | 'why'> {
  let isOpen = false;
  for (const { rule, conditions } of sides) {
    const answers = conditions.map(ask);
    if (answers.includes(true)) continue;
    if (!answers.includes(null)) return { verdict: 'denied', by: byOf(rule), why: '' };
    isOpen = true;
  }
  if (!isOpen) return { verdict: 'allowed', by: null, why: '' };
  return { verdict: 'undecided', by: null, why: 'what a rule asks of it is not known' };
}

const byOf = ({ direction, origin: { kind, policy, rule, position } }: Rule): RefusedBy => ({
  side: direction === 'egress' ? 'egress' : 'ingress',
  kind,
  policy,
  rule,
  source: formatPosition(position),
});
