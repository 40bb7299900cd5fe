/**
 * The inventory: who owns an address, and what labels its owner has. Plain objects, built once (cold).
 *
 * In:  KubernetesDocuments (cluster/read.ts).  Out: this.  Numbers in comments are items of docs/semantics.md.
 * `owners` is the one numbering of everything that can own an address: the classifier and the reports refer to an owner
 * by its index there.
 */
import type { Position } from '../documents/document.js';

export type Labels = Readonly<Record<string, string>>;

export interface Namespace {
  readonly name: string;
  /** With kubernetes.io/metadata.name always set (7). */
  readonly labels: Labels;
  /** No Namespace object was given; it was made up from a name in another object. */
  readonly synthesized: boolean;
}

export interface ContainerPort {
  readonly name?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  /** Of an init container. */
  readonly init?: true;
}

export interface Pod {
  readonly kind: 'pod';
  readonly owner: number;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** All status.podIPs in canonical text, both families (21); empty: not scheduled, finished, or made from a workload. */
  readonly addresses: readonly string[];
  readonly node: string;
  readonly hostNetwork: boolean;
  /** spec.serviceAccountName; "default" where none is named. */
  readonly serviceAccount: string;
  /** Of containers and init containers (10). */
  readonly ports: readonly ContainerPort[];
  /** The workload by owner reference, ReplicaSets and Jobs followed up to their Deployment or CronJob: "Deployment/web". */
  readonly workload: string | null;
  /** status.startTime in seconds since 1970, NaN where absent. */
  readonly started: number;
  /** Succeeded or Failed: it sends and receives nothing any more (20). */
  readonly finished: boolean;
  /** Stands for a workload's pods where none are given. */
  readonly fromWorkload: boolean;
  /**
   * What it says of a service mesh's sidecar: `running`: it has a container istio-proxy; else what its annotation
   * sidecar.istio.io/inject asks for. Absent: nothing. Its labels may say more.
   */
  readonly sidecar?: Sidecar;
  readonly position: Position;
}

export type Sidecar = 'running' | 'asked' | 'refused';

export interface Node {
  readonly kind: 'node';
  readonly owner: number;
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly string[];
  readonly podCIDRs: readonly string[];
  readonly position: Position;
}

export interface ServicePort {
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly targetPort: number | string;
  readonly nodePort: number;
}

/** One translated end of a service port: a ready backend. `pod` is an owner index, -1 where no pod has the address. */
export interface Backend {
  readonly address: string;
  readonly port: number;
  readonly pod: number;
}

export interface Service {
  readonly kind: 'service';
  readonly owner: number;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** null: without one, so that its endpoints are somebody else's business. */
  readonly selector: Labels | null;
  /** ClusterIPs, externalIPs and load balancer addresses; not the nodes'. */
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePort[];
  /** Ready backends of port index i (EndpointSlices, else Endpoints, else the selector's running pods). */
  readonly backends: readonly (readonly Backend[])[];
  readonly position: Position;
}

export type Owner = Pod | Node | Service;

/**
 * Where a node-local DNS cache answers by default: on every node, for that node's own pods. The address is each pod's own
 * node (14), unless something in the cluster holds it.
 */
export const NODE_LOCAL_DNS = '169.254.20.10';

export interface Inventory {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly pods: readonly Pod[];
  readonly nodes: readonly Node[];
  readonly services: readonly Service[];
  /** Labels of the ServiceAccounts that were given, by "namespace/name". */
  readonly serviceAccounts: ReadonlyMap<string, Labels>;
  /** owners[o.owner] === o. */
  readonly owners: readonly Owner[];
  /**
   * Canonical address text -> owner: of the pods that hold addresses (20: finished and hostNetwork pods do not), the
   * nodes and the services. On a duplicate the Running pod that started last wins.
   */
  readonly byAddress: ReadonlyMap<string, Owner>;
}
