/**
 * Policies between groups of pods, and the same as plain rules: a filter a pair of pods, for a classifier that knows no pods.
 *
 * In:  how many pairs, how many headers.  Out: { documents (JSON), rules, trace as in rule-sets.mjs, policyOf: line of the
 * filters -> number of its policy }. Every pod is selected, so what no filter matches is denied. A header matches one
 * policy at most: two groups meet in one only. The filters are written from the groups, not by policap's compiler.
 */
import { createXorshift } from '../dist/generate/random.js';

const PODS = 5000;
const GROUPS = 200;
const IN_GROUP = PODS / GROUPS;
const PAIRS = IN_GROUP * IN_GROUP;
const NETWORK = 0x0af40000;
const NAMESPACE = 'bench';

const address = pod => NETWORK + 256 + pod;
const dotted = n => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
const port = policy => 8000 + (policy % 64);

export function createPairs(pairs, headers) {
  const random = createXorshift(5);
  const policies = drawPolicies(Math.ceil(pairs / PAIRS), random);
  const pod = group => group + GROUPS * random.below(IN_GROUP);
  const rules = policies.flatMap(({ to, from }, p) =>
    podsOf(from).flatMap(source =>
      podsOf(to).map(
        destination =>
          `@${dotted(address(source))}/32\t${dotted(address(destination))}/32\t0 : 65535\t${port(p)} : ${port(p)}\t0x06/0xFF \n`,
      ),
    ),
  );
  const trace = [];
  for (let i = 0; i < headers; i++) {
    const p = random.below(policies.length);
    // One in two is allowed by its policy; the others go to the same pod from anywhere.
    const source = i % 2 === 0 ? pod(policies[p].from) : random.below(PODS);
    trace.push(`${address(source)} ${address(pod(policies[p].to))} ${1024 + random.below(60_000)} ${port(p)} 6\n`);
  }
  return {
    documents: documentsOf(policies),
    rules: rules.join(''),
    trace: trace.join(''),
    count: rules.length,
    policyOf: line => Math.floor(line / PAIRS),
  };
}

const podsOf = group => Array.from({ length: IN_GROUP }, (_, i) => group + GROUPS * i);

function drawPolicies(count, random) {
  const known = new Set();
  while (known.size < count) {
    const [to, from] = [random.below(GROUPS), random.below(GROUPS)];
    // A pod always reaches itself, which no rule of policap's says.
    if (to !== from) known.add(to * GROUPS + from);
  }
  return [...known].map(pair => ({ to: Math.floor(pair / GROUPS), from: pair % GROUPS }));
}

function documentsOf(policies) {
  const labels = group => ({ group: `g${group}` });
  const named = (kind, apiVersion, name, metadata, rest) => ({
    apiVersion,
    kind,
    metadata: { name, ...metadata },
    ...rest,
  });
  const namespace = { namespace: NAMESPACE };
  const pods = Array.from({ length: PODS }, (_, pod) => {
    const podIP = dotted(address(pod));
    return named(
      'Pod',
      'v1',
      `pod-${pod}`,
      { ...namespace, labels: labels(pod % GROUPS) },
      {
        spec: { containers: [{ name: 'main' }] },
        status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] },
      },
    );
  });
  const network = (name, spec) => named('NetworkPolicy', 'networking.k8s.io/v1', name, namespace, { spec });
  const allows = policies.map(({ to, from }, p) =>
    network(`policy-${p}`, {
      podSelector: { matchLabels: labels(to) },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: { matchLabels: labels(from) } }], ports: [{ protocol: 'TCP', port: port(p) }] },
      ],
    }),
  );
  const denial = network('default-deny', { podSelector: {}, policyTypes: ['Ingress'] });
  const items = [named('Namespace', 'v1', NAMESPACE, {}, {}), ...pods, denial, ...allows];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
