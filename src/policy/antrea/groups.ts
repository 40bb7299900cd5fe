/**
 * Tier, ClusterGroup and Group of crd.antrea.io -> the model of model.ts. Numbers (AN..) are facts of docs/dialects/antrea.md.
 */
import type { KubernetesDocument, Problem } from '../../documents/document.js';
import { byPosition, Findings } from '../../documents/findings.js';
import { checkRange, withoutEchoes } from '../crd.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { decode } from '../kubernetes/schema.js';
import { readSelector } from '../kubernetes/selectors.js';
import { GROUPS, TIER_FIELDS } from './fields.js';
import type { AntreaGroup, AntreaTier, GroupMembers } from './model.js';
import { type DecodedBlock, type DecodedName, type DecodedSelectors, readBlock, readPods } from './peers.js';
import { STATIC_TIERS } from './tier-names.js';

interface DecodedGroup extends DecodedSelectors {
  readonly ipBlock?: DecodedBlock;
  readonly ipBlocks?: readonly (DecodedBlock | null | undefined)[];
  readonly serviceReference?: DecodedName;
  readonly childGroups?: readonly (string | null | undefined)[];
}

/** The tiers between which nothing of the users' own may stand. */
const FIRST_RESERVED = 250;

/** (AN2) */
export function readTier(document: KubernetesDocument, problems: Problem[]): AntreaTier | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const { metadata = {}, spec = {} } = decode(TIER_FIELDS, document.object, [], findings) as {
    readonly metadata?: DecodedMetadata;
    readonly spec?: { readonly priority?: number };
  };
  const { name } = readMetadata(metadata, findings);
  const { priority } = spec;
  const path = ['spec', 'priority'];
  const fixed = STATIC_TIERS.get(name);
  if (priority === undefined) findings.error(path, 'Required value', 'a whole number from 0, the first, to 249');
  else if (checkRange(priority, 0, 255, path, findings)) {
    const isReserved = priority >= FIRST_RESERVED || [...STATIC_TIERS.values()].includes(priority);
    if (fixed !== undefined && priority !== fixed) {
      findings.error(path, 'update to Tier priority is not allowed', `the tier ${name} has priority ${fixed}`);
    } else if (fixed === undefined && isReserved) {
      findings.error(path, `tier ${name} priority ${priority} is reserved`, 'below 250, and not a tier of its own');
    }
  }
  problems.push(...withoutEchoes(own.sort(byPosition)));
  if (priority === undefined || own.some(({ severity }) => severity === 'error')) return null;
  return { kind: 'AntreaTier', namespace: '', name, position: document.position, priority };
}

/** (AN9) */
export function readGroup(
  document: KubernetesDocument,
  kind: keyof typeof GROUPS,
  problems: Problem[],
): AntreaGroup | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const { metadata = {}, spec = {} } = decode(GROUPS[kind], document.object, [], findings) as {
    readonly metadata?: DecodedMetadata;
    readonly spec?: DecodedGroup;
  };
  const { name, namespace } = readMetadata(metadata, findings);
  const members = readMembers(spec, kind, findings);
  problems.push(...withoutEchoes(own.sort(byPosition)));
  if (own.some(({ severity }) => severity === 'error')) return null;
  const isCluster = kind === 'ClusterGroup';
  return {
    kind: isCluster ? 'AntreaClusterGroup' : 'AntreaGroup',
    namespace: isCluster ? '' : namespace,
    name,
    position: document.position,
    members,
  };
}

function readMembers(given: DecodedGroup, kind: keyof typeof GROUPS, findings: Findings): GroupMembers {
  const { ipBlock, ipBlocks, serviceReference, childGroups, externalEntitySelector, nodeSelector } = given;
  const { podSelector, namespaceSelector } = given;
  const isSelecting = podSelector !== undefined || namespaceSelector !== undefined;
  const set = [
    isSelecting || externalEntitySelector !== undefined ? {} : undefined,
    podSelector !== undefined && externalEntitySelector !== undefined ? {} : undefined,
    ipBlock,
    (ipBlocks ?? []).length > 0 ? ipBlocks : undefined,
    serviceReference,
    (childGroups ?? []).length > 0 ? childGroups : undefined,
    nodeSelector,
  ].filter(it => it !== undefined).length;
  if (set > 1) {
    const fields = 'podSelector, externalEntitySelector, serviceReference, ipBlock, ipBlocks or childGroups';
    findings.error(['spec'], `At most one of ${fields} can be set for a ${kind}`);
  }
  if (externalEntitySelector !== undefined) return { kind: 'externalEntities' };
  if (isSelecting) return readPods(given, ['spec'], findings);
  if (nodeSelector !== undefined) {
    return { kind: 'nodes', selector: readSelector(nodeSelector, ['spec', 'nodeSelector'], findings) };
  }
  if (serviceReference !== undefined) {
    const { name = '', namespace = '' } = serviceReference;
    if (name === '') findings.error(['spec', 'serviceReference', 'name'], 'Required value');
    return { kind: 'service', name, namespace };
  }
  if ((childGroups ?? []).length > 0) return { kind: 'groups', names: childGroups!.map(it => it ?? '') };
  const blocks = [
    ...(ipBlock === undefined ? [] : [readBlock(ipBlock, ['spec', 'ipBlock'], findings)]),
    ...(ipBlocks ?? []).map((block, i) =>
      block === undefined ? null : readBlock(block ?? {}, ['spec', 'ipBlocks', i], findings),
    ),
  ];
  return blocks.length === 0 ? { kind: 'none' } : { kind: 'blocks', blocks: blocks.filter(it => it !== null) };
}
