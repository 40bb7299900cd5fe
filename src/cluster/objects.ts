/**
 * Documents -> the cluster's objects by kind, each once.
 *
 * Captures of a cluster and manifests overlap: of two objects with the same kind, namespace and name the later one is
 * taken, but one with a status before one without; where they differ, a warning names both.
 */
import { formatPosition, type KubernetesDocument, type Problem } from '../documents/document.js';
import { Findings, shown } from '../documents/findings.js';
import { Reader } from './fields.js';

export interface ClusterObject {
  readonly kind: string;
  /** 'default' where a namespaced object names none (7). */
  readonly namespace: string;
  readonly name: string;
  readonly reader: Reader;
  readonly document: KubernetesDocument;
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Namespace: [''],
  Node: [''],
  Pod: [''],
  Service: [''],
  ServiceAccount: [''],
  Endpoints: [''],
  ReplicationController: [''],
  EndpointSlice: ['discovery.k8s.io'],
  Deployment: ['apps', 'extensions'],
  StatefulSet: ['apps'],
  DaemonSet: ['apps', 'extensions'],
  ReplicaSet: ['apps', 'extensions'],
  Job: ['batch'],
  CronJob: ['batch'],
};

const CLUSTER_SCOPED = new Set(['Namespace', 'Node']);

/** Read by others. */
const ELSEWHERE = new Set(['networking.k8s.io/NetworkPolicy', 'extensions/NetworkPolicy', '/RuleList']);

export interface ClusterObjects {
  readonly byKind: ReadonlyMap<string, readonly ClusterObject[]>;
  readonly ignored: Map<string, number>;
}

export function collectObjects(documents: readonly KubernetesDocument[], problems: Problem[]): ClusterObjects {
  const objects = new Map<string, ClusterObject>();
  const ignored = new Map<string, number>();
  for (const document of documents) {
    const { apiVersion, kind } = document;
    const slash = apiVersion.lastIndexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    if (!(Object.hasOwn(GROUPS, kind) && GROUPS[kind]!.includes(group))) {
      if (!ELSEWHERE.has(`${group}/${kind}`)) ignored.set(kind, (ignored.get(kind) ?? 0) + 1);
      continue;
    }
    const object = identify(document, problems);
    if (object === null) continue;
    const key = `${kind}/${object.namespace}/${object.name}`;
    const first = objects.get(key);
    objects.set(key, first === undefined ? object : choose(first, object, problems));
  }
  const byKind = new Map<string, ClusterObject[]>();
  for (const object of objects.values()) {
    const list = byKind.get(object.kind);
    if (list === undefined) byKind.set(object.kind, [object]);
    else list.push(object);
  }
  return { byKind, ignored };
}

/**
 * Wider than what a cluster takes, as manifests may hold what is filled in later; but nothing that a table, a spreadsheet or a
 * terminal would read as more than a name.
 */
export const NAME = /^[A-Za-z0-9][\w.:-]*$/;
export const NAME_RULE = "a name consists of letters, digits, '-' and '.', and begins with a letter or digit";

function identify(document: KubernetesDocument, problems: Problem[]): ClusterObject | null {
  const { kind } = document;
  const findings = new Findings(document, problems);
  const reader = new Reader(document.object, findings);
  const before = problems.length;
  const name = reader.string('metadata', 'name') || reader.string('metadata', 'generateName');
  const namespace = reader.string('metadata', 'namespace');
  for (const [field, text] of Object.entries({ name, namespace })) {
    if (text !== '' && !NAME.test(text))
      findings.error(['metadata', field], `Invalid value: ${shown(text)}: ${NAME_RULE}`);
  }
  if (problems.length > before) return null;
  if (name === '') {
    findings.error(
      ['metadata', 'name'],
      'Required value: name or generateName is required',
      `every ${kind} has a name`,
    );
    return null;
  }
  return { kind, name, namespace: CLUSTER_SCOPED.has(kind) ? '' : namespace || 'default', reader, document };
}

function choose(first: ClusterObject, second: ClusterObject, problems: Problem[]): ClusterObject {
  if (JSON.stringify(first.document.object) === JSON.stringify(second.document.object)) return first;
  const taken = first.reader.has('status') && !second.reader.has('status') ? first : second;
  const left = taken === first ? second : first;
  const name = first.namespace === '' ? first.name : `${first.namespace}/${first.name}`;
  problems.push({
    severity: 'warning',
    position: left.document.position,
    message: `${first.kind} ${name} is given twice and differs`,
    hint: `the one at ${formatPosition(taken.document.position)} is taken`,
  });
  return taken;
}
