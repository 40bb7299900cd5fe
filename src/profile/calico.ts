/** calico: Felix's iptables (or nftables) dataplane in its default configuration. See docs/profiles/calico.md. */
import type { Profile } from './profile.js';
import { UPSTREAM } from './upstream.js';

export const CALICO: Profile = {
  ...UPSTREAM,
  name: 'calico',
  title: 'Calico',
  enforces: ['admin', 'calico'],
  drops: [
    { protocol: 17, port: 4789, name: 'VXLAN from a pod' },
    { protocol: 4, port: null, name: 'IPIP from a pod' },
  ],
  toOwnNode: 'policy',
  namedPortsInBlocks: true,
  invalidPasses: ['node'],
};
