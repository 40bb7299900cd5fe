/**
 * A cluster to measure with: pods of a few applications in some namespaces, and the policies between them.
 *
 * Out: documents as `kubectl get -o json` prints them. Every application admits its own namespace on its port, and one
 * in four sends only to named ones: a capture meets allows, default denies and pods that no policy isolates. Where more
 * rules are asked for, policies that admit partners from address blocks follow.
 */
import { applicationOf, PORTS, podAddress, TEAMS } from '../dist/generate/ends.js';

const APPLICATIONS = PORTS.length;
const POD_NETWORK = 0x0af40000;
/** Of the first two kinds of policies. */
const FIRST_RULES = TEAMS * APPLICATIONS + (TEAMS * APPLICATIONS) / 4;
const PARTNER_NETWORK = 0xc6000000;

const dotted = n => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
const address = (n, ip) => (ip === 4 ? dotted(n) : `fd00:10::${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}`);
const block = (n, length, ip) => ({ ipBlock: { cidr: `${address(n, ip)}/${ip === 4 ? length : length + 96}` } });

/** @param rules at least so many in all; @param ip the family of the addresses */
export function createCluster(pods, { rules = 0, ip = 4 } = {}) {
  const items = [];
  const add = (kind, apiVersion, name, namespace, rest) =>
    items.push({ apiVersion, kind, metadata: { name, namespace, ...rest.metadata }, ...rest.body });
  for (let n = 0; n < TEAMS; n++) {
    add('Namespace', 'v1', `team-${n}`, undefined, { metadata: { labels: { team: String(n) } } });
  }
  for (let i = 0; i < pods; i++) {
    const app = applicationOf(i);
    add('Pod', 'v1', `pod-${i}`, `team-${i % TEAMS}`, {
      metadata: {
        labels: { app: `app-${app}` },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: `app-${app}`, controller: true }],
      },
      body: {
        spec: { containers: [{ name: 'main', ports: [{ containerPort: PORTS[app] }] }] },
        status: { phase: 'Running', podIP: address(podAddress(i), ip), podIPs: [{ ip: address(podAddress(i), ip) }] },
      },
    });
  }
  for (let n = 0; n < TEAMS; n++) {
    for (let app = 0; app < APPLICATIONS; app++) items.push(policy(n, app, ip));
  }
  for (let r = FIRST_RULES; r < rules; r++) items.push(partner(r - FIRST_RULES, ip));
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function policy(n, app, ip) {
  const neighbours = [n, (n + 1) % TEAMS, (n + 2) % TEAMS];
  const spec = {
    podSelector: { matchLabels: { app: `app-${app}` } },
    policyTypes: app % 4 === 0 ? ['Ingress', 'Egress'] : ['Ingress'],
    ingress: [
      {
        from: [
          ...neighbours.map(team => ({ namespaceSelector: { matchLabels: { team: String(team) } } })),
          block(0xcb007100, 24, ip),
        ],
        ports: [{ protocol: app === 6 ? 'UDP' : 'TCP', port: PORTS[app] }],
      },
    ],
  };
  if (app % 4 === 0) spec.egress = [{ to: [{ podSelector: {} }, block(POD_NETWORK, 14, ip)] }];
  return named(`app-${app}`, n, spec);
}

/** One application of one namespace admits one block on one port. */
function partner(i, ip) {
  const app = i % APPLICATIONS;
  const spec = {
    podSelector: { matchLabels: { app: `app-${app}` } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [block(PARTNER_NETWORK + i * 16, 28, ip)], ports: [{ protocol: 'TCP', port: 8000 + (i % 50) }] }],
  };
  return named(`partner-${i}`, Math.floor(i / APPLICATIONS) % TEAMS, spec);
}

const named = (name, n, spec) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: `team-${n}` },
  spec,
});
