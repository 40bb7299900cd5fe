/**
 * What stands above every ruleset in an enforcer's shape: what it is for, and what it is not (cold).
 */

/** @param layout how the enforcer's chains, one set a node in a cluster, are laid out on the one host */
export const headOf = (enforcer: string, layout: string): string =>
  `# NetworkPolicies as ${enforcer} enforces them: its chains, marks and order, for the forward hook of one Linux host.
# This is for checking policap against a kernel, not for production. The host stands for every node of the cluster at
# once: all pods are local to it. ${layout}
# What never comes by a forward hook (a pod and itself, a node and its pods) stands in front of the forward chain.
# Load it in a network namespace:
#   unshare --net sh -c 'nft -f FILE && nft list ruleset'
`;
