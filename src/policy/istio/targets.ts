/**
 * targetRef and targetRefs of an AuthorizationPolicy: decoded -> validated (IS3).
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import type { IstioTarget } from './model.js';

export interface DecodedTarget {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

interface DecodedTargets {
  readonly targetRef?: DecodedTarget;
  readonly targetRefs?: readonly (DecodedTarget | null | undefined)[];
}

const ALLOWED = [
  '/Service',
  'networking.istio.io/ServiceEntry',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/GatewayClass',
  // Newer versions take these two, too.
  'gateway.networking.k8s.io/HTTPRoute',
  'networking.istio.io/Gateway',
];
/** The API server's schema has this limit. */
const MOST = 16;

export function readTargets({ targetRef, targetRefs = [] }: DecodedTargets, findings: Findings): IstioTarget[] {
  const at: Path = ['spec', 'targetRefs'];
  if (targetRefs.length > MOST) findings.error(at, `Too many: ${targetRefs.length}: must have at most ${MOST} items`);
  const given: readonly (readonly [Path, DecodedTarget])[] = [
    ...(targetRef === undefined ? [] : [[['spec', 'targetRef'], targetRef] as const]),
    ...targetRefs.flatMap((it, i) => (it === undefined ? [] : [[[...at, i], it ?? {}] as const])),
  ];
  if (given.length > 0) {
    findings.warn(
      given[0]![0],
      'the policy is about a gateway or a waypoint: for pods that are none it says nothing',
      'what a waypoint enforces in front of pods is undecided',
    );
  }
  return given.map(([path, { group: written = '', kind = '', name = '', namespace = '' }]) => {
    const group = written === 'core' ? '' : written;
    if (name === '') findings.error([...path, 'name'], 'Required value: targetRef name must be set');
    if (namespace !== '') {
      const message = `Invalid value: ${shown(namespace)}: targetRef namespace must not be set; cross namespace referencing is not supported`;
      findings.error([...path, 'namespace'], message);
    }
    if (!ALLOWED.includes(`${group}/${kind}`)) {
      const list = ALLOWED.map(it => (it.startsWith('/') ? `core${it}` : it)).join(', ');
      findings.error(path, `Unsupported value: ${shown(`${written}/${kind}`)}: targetRef must be to one of ${list}`);
    }
    return { group, kind, name };
  });
}
