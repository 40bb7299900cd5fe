/**
 * The example folders as data.
 *
 * In:  examples/<name>/.  Out: a Case each, read with the yaml package alone: nothing of the engine under test.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
  };
  readonly [key: string]: unknown;
}

export interface ExpectedOutcome {
  readonly isolated?: boolean;
  readonly verdict: string;
  readonly reason: string;
  readonly policy?: string;
  readonly rule?: string;
  readonly policies?: readonly string[];
}

export interface ExpectedQuery {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly verdict: string;
  readonly reason: string;
  readonly egress: ExpectedOutcome | null;
  readonly ingress: ExpectedOutcome | null;
}

/** One conversation of the capture, as pcaps/README.md says; `from` and `to` are pods, addresses or `node/name`. */
export interface ExpectedConversation {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port?: number;
  readonly icmpType?: number;
  readonly connections: number;
  readonly verdict: string;
  readonly reason: string;
  /** The sides that refuse. */
  readonly side?: string | readonly string[];
  readonly policy?: string | readonly string[];
  readonly views?: readonly { readonly from?: string; readonly to?: string; readonly port?: number }[];
}

export interface Case {
  readonly name: string;
  readonly folder: string;
  /** null where no pod has an address that could be captured. */
  readonly capture: string | null;
  readonly policyFiles: readonly string[];
  readonly policies: readonly KubernetesObject[];
  /** Objects of cluster.yaml, lists taken apart. */
  readonly cluster: readonly KubernetesObject[];
  readonly expected: {
    /** A part of each warning that the policies get, in order; absent: none. */
    readonly warnings?: readonly string[];
    readonly queries: readonly ExpectedQuery[];
    readonly unenforced?: readonly ExpectedQuery[];
    /** Packets in the capture, copies on several interfaces included. */
    readonly packets?: { readonly total: number };
    readonly conversations?: readonly ExpectedConversation[];
    readonly [key: string]: unknown;
  };
}

/** Every document of a YAML file. @throws with the file's name at the first error or warning of the parser */
export function readYamlFile(path: string): unknown[] {
  return parseAllDocuments(readFileSync(path, 'utf8'), { uniqueKeys: true }).map(document => {
    const wrong = document.errors[0] ?? document.warnings[0];
    if (wrong !== undefined) throw new Error(`${path}: ${wrong.message}`);
    return document.toJS() as unknown;
  });
}

const readObjects = (path: string): KubernetesObject[] =>
  readYamlFile(path)
    .filter(value => value !== null)
    .flatMap(value => {
      const object = value as KubernetesObject & { readonly items?: KubernetesObject[] };
      return object.kind === 'List' ? (object.items ?? []) : [object];
    });

export const caseNames = (): string[] =>
  readdirSync(EXAMPLES, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort();

export function readCase(name: string): Case {
  const folder = join(EXAMPLES, name);
  for (const file of ['README.md', 'cluster.yaml', 'expected.yaml', 'policies']) {
    if (!existsSync(join(folder, file))) throw new Error(`examples/${name}: ${file} is missing`);
  }
  const capture = join(folder, 'capture.pcapng.gz');
  const policyFiles = readdirSync(join(folder, 'policies'))
    .sort()
    .map(file => join(folder, 'policies', file));
  return {
    name,
    folder,
    capture: existsSync(capture) ? capture : null,
    policyFiles,
    policies: policyFiles.flatMap(readObjects),
    cluster: readObjects(join(folder, 'cluster.yaml')),
    expected: readYamlFile(join(folder, 'expected.yaml'))[0] as Case['expected'],
  };
}

const CLUSTER_SCOPED = [
  'CiliumClusterwideNetworkPolicy',
  'ClusterGroup',
  'ClusterNetworkPolicy',
  'GlobalNetworkPolicy',
  'GlobalNetworkSet',
  'Tier',
];
export const isClusterScoped = ({ kind }: KubernetesObject): boolean => CLUSTER_SCOPED.includes(kind);

export const identity = (object: KubernetesObject): string =>
  isClusterScoped(object) ? object.metadata.name : `${object.metadata.namespace ?? 'default'}/${object.metadata.name}`;
