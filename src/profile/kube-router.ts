/** kube-router: its network policy controller, as also k3s runs it. See docs/profiles/kube-router.md. */
import type { Profile } from './profile.js';
import { UPSTREAM } from './upstream.js';

export const KUBE_ROUTER: Profile = {
  ...UPSTREAM,
  name: 'kube-router',
  title: 'kube-router',
  enforces: [],
  icmp: [
    { family: 4, type: 8, name: 'ICMP echo request' },
    { family: 4, type: 3, name: 'ICMP destination unreachable' },
    { family: 4, type: 11, name: 'ICMP time exceeded' },
    { family: 6, type: 128, name: 'ICMPv6 echo request' },
    { family: 6, type: 1, name: 'ICMPv6 destination unreachable' },
    { family: 6, type: 3, name: 'ICMPv6 time exceeded' },
    { family: 6, type: 135, name: 'ICMPv6 neighbour solicitation' },
    { family: 6, type: 136, name: 'ICMPv6 neighbour advertisement' },
    { family: 6, type: 129, name: 'ICMPv6 echo reply' },
  ],
  toOwnNode: 'policy',
  ownNodePorts: [30000, 32767],
  initContainerPorts: false,
  namedPortsAnywhere: 'numbers',
  unknownNames: 'everything',
  blocks: 'longest',
  wholeBlocks: { v4: ['0.0.0.0/1', '128.0.0.0/1'], v6: ['2000::/3', 'fd00::/8'] },
  oneChain: true,
  refusal: 'icmp-port-unreachable',
  invalidPasses: ['open'],
};
