/** weave: Weave Net's policy controller, weave-npc (archived). See docs/profiles/weave.md. */
import type { Profile } from './profile.js';
import { UPSTREAM } from './upstream.js';

export const WEAVE: Profile = {
  ...UPSTREAM,
  name: 'weave',
  title: 'Weave Net',
  enforces: [],
  families: [4],
  openDestinations: [{ cidr: '224.0.0.0/4', name: 'multicast' }],
  refusesNamedPorts: true,
  portRanges: false,
  unlistedRules: 'allow',
  invalidPasses: ['node', 'open'],
};
