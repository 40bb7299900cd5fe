/** Random AuthorizationPolicies mean what their definition says (oracle.ts). */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seed } from '../../support/seed.js';
import { arbPods, arbPolicies, arbRequest, document } from './arbitrary.js';
import { type Asking, asking, namespace, pod, request } from './ask.js';
import { type PodSpec, type RequestSpec, type Situation, worlds } from './oracle.js';

const SIGNS = {
  sidecar: { proxy: 'containers' },
  ambient: { mode: 'ambient' },
  none: { inject: 'false' },
  silent: {},
} as const;

const objectOf = ({ namespace: ns, name, ip, account, labels, state }: PodSpec): object => {
  const signs: { proxy?: 'containers'; mode?: string; inject?: string } = SIGNS[state];
  const told = {
    ...labels,
    ...(signs.mode !== undefined && { 'istio.io/dataplane-mode': signs.mode }),
    ...(signs.inject !== undefined && { 'sidecar.istio.io/inject': signs.inject }),
  };
  return pod({ at: `${ns}/${name}`, ip, account, labels: told, ...(signs.proxy && { proxy: signs.proxy }) });
};

const read = ({ method, path, host, headers }: RequestSpec) =>
  request(method, path, host, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])));

/** Too many worlds to go through. */
const MOST_COINS = 8;

it(`random policies mean what their definition says (seed ${seed})`, { timeout: 120_000 }, () => {
  const seen = new Map<string, number>();
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  const ends = fc.record({ source: fc.nat(5), destination: fc.nat(4), port: fc.constantFrom(80, 8080, 443) });
  const runs = fc.property(
    arbPods,
    arbPolicies,
    fc.array(fc.tuple(ends, arbRequest), { minLength: 6, maxLength: 12 }),
    (pods, policies, questions) => {
      const namespaces = ['shop', 'lab', 'istio-system'].map(name => namespace(name));
      const asked = asking(
        policies.map(it => `${JSON.stringify(document(it))}\n`),
        [...namespaces, ...pods.map(objectOf)],
      );
      for (const [{ source: s, destination: d, port }, http] of questions) {
        const destination = pods[d % pods.length]!;
        const source = pods[s] ?? null;
        // What a pod says to itself is a question of its own (IS20).
        if (source === destination) continue;
        const place = {
          from: source === null ? '203.0.113.4' : `${source.namespace}/${source.name}`,
          to: `${destination.namespace}/${destination.name}`,
          port,
        };
        const sourceIp = source === null ? '203.0.113.4' : source.ip;
        const situation = { pods, policies, source, sourceIp, destination, port };
        const verdicts = [
          compare(asked, place, { ...situation, request: null }, count),
          compare(asked, place, { ...situation, request: http }, count),
        ];
        const at = asked.place(place);
        const unread = asked.mesh.unread(at).verdict;
        if (!asked.mesh.dependsOnRequests(at)) {
          expect({ place, verdicts }).toEqual({ place, verdicts: [unread, unread] });
          count('no request counts');
        } else if (unread !== 'undecided') {
          // Only who is audited depends on it.
          expect({ place, verdicts }).toEqual({ place, verdicts: [unread, unread] });
        } else count('requests count');
      }
    },
  );
  fc.assert(runs, { seed, numRuns: 300 });
  for (const kind of ['allowed', 'denied', 'undecided', 'exact', 'no request counts', 'requests count']) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(100);
  }
  // A coin that several terms flip is known to the oracle as one, to the mesh as several: that is seldom all there is to it.
  expect(seen.get('too careful') ?? 0).toBeLessThan((seen.get('undecided') ?? 0) / 10);
});

function compare(
  { mesh, place }: Asking,
  asked: { from: string; to: string; port: number },
  situation: Situation,
  count: (what: string) => void,
): string {
  const answer =
    situation.request === null ? mesh.connection(place(asked)) : mesh.request(place(asked), read(situation.request));
  const { verdicts, coins } = worlds(situation);
  count(answer.verdict);
  if (coins.length > MOST_COINS) return answer.verdict;
  const all = [...new Set(verdicts)];
  const expected = all.length === 1 ? all[0]! : 'undecided';
  if (answer.verdict === expected) count('exact');
  else if (answer.verdict === 'undecided' && coins.includes('the source is in the mesh')) count('too careful');
  else
    expect({ asked, request: situation.request, answer }).toEqual({
      asked,
      request: situation.request,
      answer: { verdict: expected },
    });
  return answer.verdict;
}
