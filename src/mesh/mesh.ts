/**
 * The service mesh's layer: AuthorizationPolicies -> answers about connections and requests (cold).
 *
 * In:  the policies (policy/istio), the inventory.  Out: a Mesh, which is asked after the plugin's policies, about what these
 * let through: the two are reported apart. The proxy of the destination enforces, so that answers are about the pod that was
 * judged, behind any service. Numbers (IS..) in this folder are facts of docs/dialects/istio.md.
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import type { Problem } from '../documents/document.js';
import type { AuthorizationPolicy } from '../policy/istio/model.js';
import type { HttpRequest } from '../requests/request.js';
import { ALLOWED, answerOf, type Decision, decide, type MeshAnswer } from './decide.js';
import { createEnrolments, type Enrolment, type Enrolments } from './enrolment.js';
import { createSelection, type Selection } from './selection.js';
import type { Traffic } from './terms.js';
import { meshWarnings } from './warnings.js';

export type { MeshAnswer, MeshReason, MeshVerdict } from './decide.js';

export interface MeshConnection {
  /** Owner index; -1 for an address that nobody owns. */
  readonly source: number;
  /** Canonical text; '' where it is not known. */
  readonly sourceAddress: string;
  /** Owner index of the pod that was judged. */
  readonly destination: number;
  readonly destinationAddress: string;
  /** Of the pod, not of a service; -1 where it is not known. */
  readonly port: number;
  /** IP protocol number. */
  readonly protocol: number;
}

export interface Mesh {
  /** Whether any policy is about this pod: else every answer about it is `allowed: no-policy`. */
  selects(destination: number): boolean;
  /** Of a connection that carries no HTTP, as far as the proxy can see. */
  connection(connection: MeshConnection): MeshAnswer;
  request(connection: MeshConnection, request: HttpRequest): MeshAnswer;
  /** Of a connection nobody looked into: connection()'s where requests make no difference, else undecided. */
  unread(connection: MeshConnection): MeshAnswer;
  /** Whether requests make a difference: where not, connection() tells it all. */
  dependsOnRequests(connection: MeshConnection): boolean;
  /** Warnings about what is enforced where; what is not judged is told where the policies are read. */
  readonly problems: readonly Problem[];
}

const TCP = 6;
/** (IS20): ports that a sidecar's rules do not redirect: the agent's, Prometheus' and the health check's. */
const OWN_PORTS = new Set([15020, 15021, 15090]);

export function createMesh(policies: readonly AuthorizationPolicy[], inventory: Inventory): Mesh {
  const enrolments = createEnrolments(inventory);
  const selection = createSelection(policies);
  const of = (connection: MeshConnection, carries: Traffic['carries'], request: HttpRequest | null): Decision => {
    const pod = podAt(connection.destination, inventory);
    if (pod === null) return known(ALLOWED);
    return decideFor(pod, connection, { carries, request }, { inventory, enrolments, selection });
  };
  const compared = (connection: MeshConnection) => {
    const [tcp, open] = [of(connection, 'tcp', null), of(connection, 'unread', null)];
    const isSame = tcp.answer.verdict === open.answer.verdict;
    return { tcp, open, isSame, isOpen: !isSame || open.doubts.some(({ ofRequest }) => ofRequest === true) };
  };
  return {
    selects(destination) {
      const pod = podAt(destination, inventory);
      return pod !== null && policiesAbout(pod, enrolments.of(pod), selection).length > 0;
    },
    connection: connection => of(connection, 'tcp', null).answer,
    request: (connection, request) => of(connection, 'http', request).answer,
    unread(connection) {
      const { tcp, open, isSame, isOpen } = compared(connection);
      if (!isOpen) return tcp.answer;
      if (isSame || open.answer.verdict === 'undecided') return open.answer;
      return { ...open.answer, verdict: 'undecided', reason: 'unsupported', dependsOn: ['whether it carries HTTP'] };
    },
    dependsOnRequests(connection) {
      const { open, isOpen } = compared(connection);
      return isOpen || open.isAuditOpen;
    },
    problems: meshWarnings(policies, inventory, enrolments, selection),
  };
}

const podAt = (owner: number, { owners }: Inventory): Pod | null => {
  const it = owners[owner];
  return it?.kind === 'pod' ? it : null;
};

const known = (answer: MeshAnswer): Decision => ({ answer, doubts: [], isAuditOpen: false });

/** Those that select it, and those that a waypoint would enforce for it. */
function policiesAbout(pod: Pod, { waypoint }: Enrolment, selection: Selection): readonly AuthorizationPolicy[] {
  const own = selection.of(pod);
  if (waypoint === '' && !selection.isWaypoint(pod)) return own;
  return [...new Set([...own, ...selection.targeted(pod.namespace)])];
}

interface Context {
  readonly inventory: Inventory;
  readonly enrolments: Enrolments;
  readonly selection: Selection;
}

function decideFor(
  pod: Pod,
  connection: MeshConnection,
  content: Pick<Traffic, 'carries' | 'request'>,
  { inventory, enrolments, selection }: Context,
): Decision {
  const enrolment = enrolments.of(pod);
  const { proxy, waypoint } = enrolment;
  const policies = policiesAbout(pod, enrolment, selection);
  const [first] = policies;
  if (first === undefined) return known(ALLOWED);
  const isUnseen =
    proxy === 'none' || connection.protocol !== TCP || (proxy === 'sidecar' && OWN_PORTS.has(connection.port));
  if (isUnseen) return known({ ...ALLOWED, reason: 'not-enforced' });
  // (IS23)
  if (waypoint !== '') return undecided(first, `what the waypoint ${waypoint} in front of it enforces`);
  if (selection.isWaypoint(pod)) return undecided(first, 'what a waypoint enforces for the pods behind it');
  const { sourceAddress, destinationAddress, port } = connection;
  const decision = decide(policies, {
    proxy,
    ...identityOf(podAt(connection.source, inventory), enrolments),
    sourceAddress,
    destinationAddress,
    port,
    ...content,
  });
  // (IS20): to its own address a pod goes round its proxy, to a service of its own it does not.
  const isOwn = connection.source === connection.destination && decision.answer.verdict === 'denied';
  return isOwn ? undecided(first, 'whether traffic of a pod to itself passes its proxy') : decision;
}

function undecided(policy: AuthorizationPolicy, on: string): Decision {
  const answer = answerOf('undecided', 'unsupported', { policy, rule: null });
  return { answer: { ...answer, dependsOn: [on] }, doubts: [{ on }], isAuditOpen: false };
}

/** (IS12): pods in the mesh prove who they are to each other; of a pod that shows no proxy, in a mesh that others show, who knows. */
function identityOf(source: Pod | null, enrolments: Enrolments): Pick<Traffic, 'identity' | 'identityDoubt'> {
  if (source === null) return { identity: null, identityDoubt: '' };
  const { proxy, isAssumed } = enrolments.of(source);
  if (proxy === 'none') return { identity: null, identityDoubt: '' };
  const { namespace, name, serviceAccount } = source;
  const isDoubtful = isAssumed && enrolments.isMeshShown;
  return {
    identity: { namespace, account: serviceAccount },
    identityDoubt: isDoubtful ? `whether ${namespace}/${name} is in the mesh` : '',
  };
}
