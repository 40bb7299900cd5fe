/**
 * Pod objects and pod templates -> pods, without their numbers. Numbers in comments are items of docs/semantics.md.
 */
import { shown } from '../documents/findings.js';
import { distinct, type Reader, valueAt } from './fields.js';
import type { ContainerPort, Labels, Pod, Sidecar } from './inventory.js';
import { type ClusterObject, NAME, NAME_RULE } from './objects.js';

/** A pod before owners are numbered. */
export type PodDraft = Omit<Pod, 'owner' | 'kind'> & {
  readonly phase: string;
  /** Not told to be unready: may serve as a backend where no endpoints are given. */
  readonly ready: boolean;
  /** Addresses of the node it runs on, as its status tells. */
  readonly nodeAddresses: readonly string[];
};

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
}

/** The controller among the owners, else the first. */
export function ownerReference(reader: Reader): OwnerReference | null {
  const owners = reader.objects('metadata', 'ownerReferences');
  const owner = owners.find(candidate => candidate.boolean('controller')) ?? owners[0];
  if (owner === undefined) return null;
  const named = { kind: owner.string('kind'), name: owner.string('name') };
  for (const [field, text] of Object.entries(named)) {
    if (text === '' || NAME.test(text)) continue;
    owner.warn(
      [field],
      `Invalid value: ${shown(text)}: ${NAME_RULE}`,
      'the owner is left out: the pod stands for itself',
    );
    return null;
  }
  return named;
}

const FINISHED = new Set(['Succeeded', 'Failed', 'Completed']);

/** @param workload "Deployment/web" or null */
export function readPod({ name, namespace, reader, document }: ClusterObject, workload: string | null): PodDraft {
  const phase = reader.string('status', 'phase');
  const status = reader.at('status');
  const podIPs = status.objects('podIPs').map(entry => entry.address('ip'));
  const hostIPs = status.objects('hostIPs').map(entry => entry.address('ip'));
  const addresses = distinct([...podIPs, status.address('podIP')]);
  return {
    namespace,
    name,
    labels: reader.strings('metadata', 'labels'),
    // (20): a finished pod has given its addresses back. (21): both families.
    addresses: FINISHED.has(phase) ? [] : addresses,
    node: reader.string('spec', 'nodeName'),
    hostNetwork: reader.boolean('spec', 'hostNetwork'),
    serviceAccount: readServiceAccount(reader.at('spec')),
    ports: readContainerPorts(reader.at('spec')),
    workload,
    started: status.time('startTime'),
    finished: FINISHED.has(phase),
    fromWorkload: false,
    sidecar: sidecarOf(document.object),
    position: document.position,
    phase,
    ready: !status.objects('conditions').some(c => c.string('type') === 'Ready' && c.string('status') === 'False'),
    nodeAddresses: distinct([...hostIPs, status.address('hostIP')]),
  };
}

/** The API server's default where none is named; `serviceAccount` is its older name. */
const readServiceAccount = (spec: Reader): string =>
  spec.string('serviceAccountName') || spec.string('serviceAccount') || 'default';

/** (10): of containers and init containers. */
export function readContainerPorts(spec: Reader): ContainerPort[] {
  const ports: ContainerPort[] = [];
  const containers = spec.objects('containers').map(container => ({ container, init: {} }));
  const initContainers = spec
    .objects('initContainers')
    .map(container => ({ container, init: { init: true } as const }));
  for (const { container, init } of [...containers, ...initContainers]) {
    for (const given of container.objects('ports')) {
      const protocol = given.protocol('protocol');
      const port = given.port('containerPort');
      const name = given.string('name');
      if (protocol === null || port === 0) continue;
      ports.push(name === '' ? { protocol, port, ...init } : { name, protocol, port, ...init });
    }
  }
  return ports;
}

const PROXY = 'istio-proxy';
const INJECT = 'sidecar.istio.io/inject';

/** Of a pod or a pod template. A value of a wrong type is absent: it is no business of who has no mesh. */
function sidecarOf(pod: unknown): Sidecar | undefined {
  for (const list of ['containers', 'initContainers']) {
    const containers = valueAt(pod, ['spec', list]);
    if (Array.isArray(containers) && containers.some(it => valueAt(it, ['name']) === PROXY)) return 'running';
  }
  const inject = valueAt(pod, ['metadata', 'annotations', INJECT]);
  return inject === 'true' ? 'asked' : inject === 'false' ? 'refused' : undefined;
}

/** The pod that stands for a workload's pods: no address, the template's labels and ports. */
export function standIn(workload: ClusterObject, root: string): PodDraft {
  const { kind, name, namespace, reader, document } = workload;
  const templatePath = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
  const template = reader.at(...templatePath);
  const given: Labels = template.strings('metadata', 'labels');
  // The Job controller labels its pods so.
  const labels = kind === 'Job' ? { 'batch.kubernetes.io/job-name': name, 'job-name': name, ...given } : given;
  return {
    namespace,
    name: root.slice(root.indexOf('/') + 1),
    labels,
    addresses: [],
    node: '',
    hostNetwork: template.boolean('spec', 'hostNetwork'),
    serviceAccount: readServiceAccount(template.at('spec')),
    ports: readContainerPorts(template.at('spec')),
    workload: root,
    started: Number.NaN,
    finished: false,
    fromWorkload: true,
    sidecar: sidecarOf(valueAt(document.object, templatePath)),
    position: document.position,
    phase: '',
    ready: false,
    nodeAddresses: [],
  };
}
