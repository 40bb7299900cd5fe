/** antrea: Antrea's agent with its Open vSwitch pipeline, in its default configuration. See docs/profiles/antrea.md. */
import type { Profile } from './profile.js';
import { UPSTREAM } from './upstream.js';

export const ANTREA: Profile = {
  ...UPSTREAM,
  name: 'antrea',
  title: 'Antrea',
  enforces: ['admin', 'antrea'],
  toOwnNode: 'policy',
  initContainerPorts: false,
};
