/**
 * Questions by name or address -> answers, with why (cold). What `policap query` prints.
 *
 * In:  compiled policies and a Query.  Out: an Answer, or a problem in the user's terms.
 * A workload answers for all its pods, a service for all its ready backends, a pod with two families for both. Where they
 * differ the answer is `undecided: ambiguous-policy`, and every group is named.
 */

import type { Inventory, Owner } from '../cluster/inventory.js';
import { resolveName } from '../cluster/names.js';
import type { Compiled } from '../compile.js';
import { addressWords, protocolNumber, protocolText } from '../packet/text.js';
import { createOutcomes, type DecisionOutcomes, type Outcomes } from '../report/outcomes.js';
import { ownerName } from '../report/owners.js';
import type { HttpRequest } from '../requests/request.js';
import { hasPorts, ICMP, ICMPV6, TCP } from '../rules/protocols.js';
import type { Question } from '../tree/classifier.js';
import { createLinear } from '../tree/linear.js';
import { withRequestsJudged } from '../verdict/layer7.js';
import { combine } from '../verdict/outcome.js';
import { type OutcomeRecord, type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import { type AnswerGroup, type Candidate, common, groupByVerdict, isAlike, type JudgedPair } from './answer-groups.js';
import { type MeshRecord, meshRecord } from './answer-mesh.js';
import { createRequestAsker, parseRequest, type RequestVerdicts } from './answer-request.js';

/** What is asked; the keys of a line of `query -f`. */
export interface Query {
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  /** Name or number; TCP where absent, ICMP where an ICMP type is asked. */
  readonly protocol?: string | number;
  readonly sourcePort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** `GET /path`: the answer is about this request. */
  readonly request?: string;
  /** Of the request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer extends DecisionOutcomes {
  readonly query: Query;
  readonly protocol: number;
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** The ends as they were judged, with their addresses: the first of several. */
  readonly source: { readonly name: string; readonly address: string | null; readonly count: number };
  readonly destination: { readonly name: string; readonly address: string | null; readonly count: number };
  /** The service behind which the destination stands: `shop/service/web`. */
  readonly service: string | null;
  /** The port that was judged: behind a service its target port; -1 where none. */
  readonly port: number;
  /** All pods say the same, but for their names. */
  readonly alike: boolean;
  /** Two or more where the pods differ, else empty. */
  readonly groups: readonly AnswerGroup[];
  /** What the service mesh would say behind that; null where no AuthorizationPolicy selects the destination. */
  readonly mesh: MeshRecord | null;
}

/** A question that cannot be answered as it stands. */
export class QueryProblem extends Error {
  override readonly name = 'QueryProblem';
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export interface Answers {
  /** @throws QueryProblem */
  answer(query: Query): Answer;
  /** What the answer is made of: every pair of ends that the question stands for, judged. @throws QueryProblem */
  pairs(query: Query): Judged;
}

export interface Judged {
  readonly pairs: readonly JudgedPair[];
  readonly protocol: number;
  readonly sources: readonly Candidate[];
  /** As they were named: of a service itself. */
  readonly named: readonly Candidate[];
  readonly service: Owner | null;
  readonly request: HttpRequest | null;
}

export function createAnswers({ ruleset, inventory, mesh }: Pick<Compiled, 'ruleset' | 'inventory' | 'mesh'>): Answers {
  const linear = createLinear(ruleset, inventory);
  /** For questions about requests: what looks at them opens the connection. */
  const opening = withRequestsJudged(ruleset);
  const [plain, opened] = [ruleset, opening].map(it => createOutcomes({ ruleset: it, inventory })) as [
    Outcomes,
    Outcomes,
  ];
  const requests = createRequestAsker(opening, inventory);

  function ask(
    source: Candidate,
    destination: Candidate,
    query: Query,
    protocol: number,
    request: HttpRequest | null,
  ): JudgedPair {
    const question = questionOf(source, destination, query, protocol);
    const [egress, ingress, forward] = linear.decide(question);
    const code = combine(egress, ingress, forward, (request === null ? ruleset : opening).rules);
    const ends = [podOf(inventory, source), podOf(inventory, destination)] as const;
    const records = (request === null ? plain : opened).of({ egress, ingress, forward }, ...ends);
    const outcomes = [egress, ingress, forward] as const;
    const judged = { verdict: verdictOf(code), reason: reasonOf(code), question, outcomes };
    const pair: JudgedPair = { source, destination, ...judged, ...records };
    if (request === null || pair.verdict !== 'allowed') return pair;
    const said = requests.ask(question, { egress, ingress }, request);
    const sides = { egress: withRequest(pair.egress, said.egress), ingress: withRequest(pair.ingress, said.ingress) };
    const refused = [sides.egress, sides.ingress].find(side => side?.verdict === 'dropped');
    const open = refused ?? [sides.egress, sides.ingress].find(side => side?.verdict === 'undecided');
    return open === undefined || open === null
      ? pair
      : { ...pair, ...sides, verdict: open.verdict, reason: open.reason };
  }

  function pairsOf(query: Query): Judged {
    const sources = candidates(query.from, query.port ?? -1, inventory);
    const named = candidates(query.to, query.port ?? -1, inventory);
    const protocol = protocolOf(query, named[0]!.family || sources[0]!.family);
    const { service, destinations } = behindService(named, protocol, inventory);
    const request = requestOf(query);
    const pairs = pairUp(sources, destinations).map(([source, destination]) =>
      ask(source, destination, query, protocol, request),
    );
    return { pairs, protocol, sources, named, service, request };
  }

  return {
    pairs: pairsOf,
    answer(query) {
      const { pairs, protocol, sources, named, service, request } = pairsOf(query);
      const first = pairs[0]!;
      const groups = groupByVerdict(pairs);
      const differ = groups.length > 1;
      const { egress, ingress, forward } = differ ? common(pairs) : first;
      return {
        query,
        protocol,
        verdict: differ ? 'undecided' : first.verdict,
        reason: differ ? 'ambiguous-policy' : first.reason,
        source: describe(query.from, sources),
        destination: describe(query.to, named),
        service: service === null ? null : ownerName(service),
        port: first.destination.port,
        egress,
        ingress,
        forward,
        alike: isAlike(pairs),
        groups: differ ? groups : [],
        mesh: meshRecord(pairs, protocol, mesh, request, it => podOf(inventory, it)),
      };
    },
  };
}

/** A side whose rules refuse the request, or leave it open, says so of it. */
function withRequest(side: OutcomeRecord | null, said: RequestVerdicts['egress']): OutcomeRecord | null {
  if (side === null || said === 'allowed') return side;
  return said === 'denied'
    ? { ...side, verdict: 'dropped', reason: 'http-denied' }
    : { ...side, verdict: 'undecided', reason: 'unsupported' };
}

const questionOf = (source: Candidate, destination: Candidate, query: Query, protocol: number): Question => ({
  source: source.endpoint,
  destination: destination.endpoint,
  protocol,
  sourcePort: query.sourcePort ?? -1,
  destinationPort: hasPorts(protocol) ? destination.port : -1,
  icmpType: query.icmpType ?? -1,
  icmpCode: query.icmpCode ?? -1,
});

function requestOf({ request, headers }: Query): HttpRequest | null {
  if (request === undefined) {
    if (headers === undefined) return null;
    throw new QueryProblem('header fields without a request', 'add --request "GET /path"');
  }
  const parsed = parseRequest(request, headers ?? {});
  if (parsed !== null) return parsed;
  throw new QueryProblem(
    `${JSON.stringify(request)} is no request, or one of its header fields is none`,
    'a request is a method and a path: --request "GET /path" --header "Host: shop"',
  );
}

/** An address asked about may be a pod's. */
function podOf({ byAddress }: Inventory, { endpoint: { owner, address } }: Candidate): number {
  return owner >= 0 || address === null ? owner : (byAddress.get(address)?.owner ?? -1);
}

/** The candidates a name stands for: one an address, or one for a pod that has none. */
function candidates(text: string, port: number, inventory: Inventory): Candidate[] {
  const resolved = resolveName(text, inventory);
  if ('message' in resolved) throw new QueryProblem(resolved.message, resolved.hint);
  const found = resolved.endpoints.flatMap(({ owner, address }): Candidate[] => {
    const it = owner < 0 ? undefined : inventory.owners[owner]!;
    const name = it === undefined ? (address ?? text) : ownerName(it);
    const addresses =
      address !== null ? [address] : it === undefined || it.addresses.length === 0 ? [null] : it.addresses;
    return addresses.map(each => ({
      endpoint: { owner, address: each },
      name,
      family: each === null ? 0 : addressWords(each)!.family,
      port,
    }));
  });
  const [first] = found;
  const owner = first === undefined || first.endpoint.owner < 0 ? undefined : inventory.owners[first.endpoint.owner];
  if (owner?.kind === 'service' && first?.endpoint.address === null) {
    throw new QueryProblem(
      `${ownerName(owner)} has no address of its own (headless)`,
      'ask about its pods: namespace/pod or namespace/kind/workload',
    );
  }
  return found;
}

/** A service port's ready backends stand for it (18); a service without one for that port is judged as the address it is. */
function behindService(
  named: readonly Candidate[],
  protocol: number,
  inventory: Inventory,
): { service: Owner | null; destinations: readonly Candidate[] } {
  for (const { endpoint, port } of named) {
    const owner =
      endpoint.owner < 0 ? inventory.byAddress.get(endpoint.address ?? '') : inventory.owners[endpoint.owner];
    if (owner === undefined || owner.kind === 'pod' || port < 0) continue;
    for (const service of inventory.services) {
      if (owner.kind === 'service' && service !== owner) continue;
      const at = service.ports.findIndex(
        it => protocolNumber(it.protocol) === protocol && (owner.kind === 'node' ? it.nodePort : it.port) === port,
      );
      const backends = at < 0 ? [] : (service.backends[at] ?? []);
      if (backends.length === 0) continue;
      const destinations = backends.map(backend => ({
        endpoint: { owner: backend.pod, address: backend.address },
        name: backend.pod < 0 ? backend.address : ownerName(inventory.owners[backend.pod]!),
        family: addressWords(backend.address)?.family ?? 0,
        port: backend.port,
      }));
      return { service, destinations };
    }
  }
  return { service: null, destinations: named };
}

/** Every source with every destination of its family; a pod and itself only where nothing else was asked. */
function pairUp(sources: readonly Candidate[], destinations: readonly Candidate[]): [Candidate, Candidate][] {
  const all = sources.flatMap(source =>
    destinations.map((destination): [Candidate, Candidate] => [source, destination]),
  );
  const sameFamily = all.filter(([a, b]) => a.family === b.family || a.family === 0 || b.family === 0);
  const pairs = sameFamily.length > 0 ? sameFamily : all;
  const others = pairs.filter(([a, b]) => a.endpoint.owner < 0 || a.endpoint.owner !== b.endpoint.owner);
  return others.length > 0 ? others : pairs;
}

function describe(asked: string, found: readonly Candidate[]): Answer['source'] {
  const pods = new Set(found.map(({ name }) => name));
  const [first] = found;
  return pods.size === 1
    ? { name: first!.name, address: first!.endpoint.address, count: 1 }
    : { name: asked, address: null, count: pods.size };
}

function protocolOf({ protocol, icmpType, port }: Query, family: number): number {
  const isIcmpQuestion = icmpType !== undefined;
  if (protocol === undefined) return isIcmpQuestion ? (family === 6 ? ICMPV6 : ICMP) : TCP;
  const number = protocolNumber(String(protocol));
  if (number === null) {
    throw new QueryProblem(
      `protocol ${JSON.stringify(protocol)}: not known`,
      'give TCP, UDP, SCTP, ICMP, ICMPv6 or a number from 0 to 255',
    );
  }
  const isIcmp = number === ICMP || number === ICMPV6;
  if (isIcmpQuestion && !isIcmp) throw new QueryProblem(`icmpType needs ICMP or ICMPv6, not ${protocolText(number)}`);
  if (port !== undefined && !hasPorts(number)) throw new QueryProblem(`${protocolText(number)} has no ports`);
  return number;
}
