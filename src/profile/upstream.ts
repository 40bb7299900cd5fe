/** upstream: the specification, and policap's reading where it leaves a choice. See docs/profiles/upstream.md. */
import type { Profile } from './profile.js';

export const UPSTREAM: Profile = {
  name: 'upstream',
  title: 'Upstream',
  enforces: ['admin', 'antrea', 'calico', 'cilium'],
  families: [4, 6],
  icmp: [],
  drops: [],
  openDestinations: [],
  toOwnNode: 'exempt',
  ownNodePorts: null,
  refusesNamedPorts: false,
  initContainerPorts: true,
  namedPortsInBlocks: false,
  namedPortsAnywhere: 'pods',
  unknownNames: 'nothing',
  portRanges: true,
  blocks: 'each',
  wholeBlocks: null,
  unlistedRules: 'ignored',
  oneChain: false,
  refusal: 'drop',
  invalidPasses: [],
  conntrack: 'linux',
};
