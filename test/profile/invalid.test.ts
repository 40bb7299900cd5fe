/** (P18): where a packet passes in dataplane mode that connection tracking calls invalid; the rulesets of the enforcers are
 *  asked the same in test/kernel/profiles.test.ts, in random traffic. */

import { describe, expect, it } from 'vitest';
import { createMesh } from '../../src/mesh/mesh.js';
import { noObjects } from '../../src/policy/dialects.js';
import { PROFILES } from '../../src/profile/index.js';
import { PROFILE_NAMES, type ProfileName } from '../../src/profile/profile.js';
import { buildRules } from '../../src/rules/build.js';
import { createTree } from '../../src/tree/tree.js';
import { cluster, labels, policy } from '../rules/cluster.js';
import { batchOf, ethernet, ipv4, tcp } from '../support/frames.js';
import { record, sourceOf, words } from '../support/replay.js';
import { CLUSTER } from './cases.js';

const inventory = cluster(CLUSTER);
/** Isolates web both ways. */
const CLOSED = [policy('shop', 'closed', labels({ app: 'web' }), { ingress: [], egress: [] })];
const [WEB, DB, NODE, MULTICAST] = ['10.0.0.1', '10.0.0.3', '192.168.0.1', '224.0.0.9'];

/** What becomes of a RST that belongs to nothing, from one to the other. */
async function judge(profile: ProfileName, src: string, dst: string, dport: number): Promise<string> {
  const ruleset = buildRules(CLOSED, inventory, undefined, PROFILES[profile]);
  const classifier = createTree(ruleset, inventory);
  const how = {
    inventory,
    policies: CLOSED,
    objects: noObjects(),
    mesh: createMesh([], inventory),
    profileFrom: 'asked for',
    profile: PROFILES[profile],
    ruleset,
    classifier,
  };
  const compiled = { ...how, problems: [], ignored: new Map<string, number>(), compileMs: 0 };
  const frame = ethernet(ipv4({ src, dst }, tcp({ sport: 1, dport, flags: 'R' })));
  const { records } = await record(sourceOf([batchOf([frame]).batch]), compiled, { mode: 'dataplane' });
  return words(records)[0]!;
}

const INVALID = 'dropped invalid-state';
/** Nothing is invalid to Cilium's connection table: the policies decide. */
const DENIED = 'dropped default-deny';

describe('P18', () => {
  it.each([
    [
      'a node to its pod',
      NODE,
      WEB,
      80,
      { calico: 'allowed node', weave: 'allowed node', flannel: 'allowed node', cilium: 'allowed node' },
    ],
    ['a pod to its node', WEB, NODE, 80, { weave: 'allowed node', flannel: 'allowed node' }],
    [
      'a pod to a node port of its node',
      WEB,
      NODE,
      30080,
      { weave: 'allowed node', 'kube-router': 'allowed not-enforced', flannel: 'allowed node' },
    ],
    ['a pod to multicast', WEB, MULTICAST, 80, { weave: 'allowed not-enforced', flannel: 'allowed not-enforced' }],
    ['a pod to a pod', WEB, DB, 80, { flannel: 'allowed not-enforced' }],
  ] as const)('%s', async (_, src, dst, port, passes) => {
    for (const profile of PROFILE_NAMES) {
      const expected =
        (passes as Partial<Record<ProfileName, string>>)[profile] ?? (profile === 'cilium' ? DENIED : INVALID);
      expect([profile, await judge(profile, src!, dst!, port)]).toEqual([profile, expected]);
    }
  });
});
