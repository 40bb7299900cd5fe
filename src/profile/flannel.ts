/** flannel: a network without a policy controller. See docs/profiles/flannel.md. */
import type { Profile } from './profile.js';
import { UPSTREAM } from './upstream.js';

export const FLANNEL: Profile = {
  ...UPSTREAM,
  name: 'flannel',
  title: 'Flannel',
  families: [],
  invalidPasses: ['node', 'open'],
  enforces: [],
};
