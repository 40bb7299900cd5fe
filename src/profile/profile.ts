/**
 * A profile: what one network plugin makes of NetworkPolicies where the specification leaves it a choice (data, cold).
 *
 * In:  nothing.  Out: the type, one numbered decision a field; each profile is a file of this folder, each decision a row
 * with its source in docs/profiles/. The rules (src/rules) compile the decisions into the normal form, so that neither
 * engine knows profiles; the rulesets in the enforcers' own shape (src/enforcer) are written without reading them.
 */

/** Profiles that are built; a name stands here when its file, its page and its tests do. */
export const PROFILE_NAMES = ['upstream', 'calico', 'kube-router', 'weave', 'flannel', 'antrea', 'cilium'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** For people: "as Calico enforces them". */
export const asPlugin = ({ title }: Pick<Profile, 'title'>): string => `as ${title} enforces them`;

/** What must be said before anything else: policies that nobody enforces. null where there is nothing to say. */
export const noticeOf = ({ title, families }: Pick<Profile, 'title' | 'families'>): string | null =>
  families.length > 0 ? null : `${title} enforces no policies: they have no effect, and everything is allowed.`;

/** For outputs, which name the profile where it is not what everybody expects. */
export function profileField(profile: Pick<Profile, 'name' | 'title' | 'families'>): {
  readonly profile?: ProfileName;
  readonly notice?: string;
} {
  const notice = noticeOf(profile);
  const { name } = profile;
  return { ...(name !== 'upstream' && { profile: name }), ...(notice !== null && { notice }) };
}

export interface Profile {
  readonly name: ProfileName;
  /** As people write it. */
  readonly title: string;
  /** (P1) Address families that are enforced; traffic of another one is `not-enforced`. */
  readonly families: readonly (4 | 6)[];
  /** (P2) ICMP and ICMPv6 types that every pod may send and receive, whatever its policies say. */
  readonly icmp: readonly { readonly family: 4 | 6; readonly type: number; readonly name: string }[];
  /** (P3) What no pod may send, whatever its policies say: tunnels by which it could go round them. */
  readonly drops: readonly { readonly protocol: number; readonly port: number | null; readonly name: string }[];
  /** (P4) Destinations that egress policies are not asked about. */
  readonly openDestinations: readonly { readonly cidr: string; readonly name: string }[];
  /** (P5) A pod's traffic to its own node: `exempt`, or judged by the pod's egress policies. A node always reaches its pods. */
  readonly toOwnNode: 'exempt' | 'policy';
  /** (P6) TCP and UDP ports of its own node that a pod reaches although (P5) says `policy`. */
  readonly ownNodePorts: readonly [low: number, high: number] | null;
  /** (P7) A policy that uses a named port, in whatever direction, does not exist. */
  readonly refusesNamedPorts: boolean;
  /** (P8) Names are looked up among the ports of init containers too. */
  readonly initContainerPorts: boolean;
  /** (P9) A named port with an ipBlock in `to` matches the pods inside the block that have the port. */
  readonly namedPortsInBlocks: boolean;
  /** (P10) A named port without `to`: `pods` that have the port, or `numbers`: every destination, on the numbers that pods
   *  of the policy's namespace give the name. */
  readonly namedPortsAnywhere: 'pods' | 'numbers';
  /** (P11) A rule whose ports are all names that no pod has: `nothing`, or everything between the subjects and its pods. */
  readonly unknownNames: 'nothing' | 'everything';
  /** (P12) endPort is read. */
  readonly portRanges: boolean;
  /** (P13) The ipBlocks of one rule: `each` by itself, or one set of prefixes of which the `longest` decides. */
  readonly blocks: 'each' | 'longest';
  /** (P14) The prefixes that stand for 0.0.0.0/0 and ::/0 in such a set; null: themselves. */
  readonly wholeBlocks: { readonly v4: readonly string[]; readonly v6: readonly string[] } | null;
  /** (P15) Rules of a direction that is not among the policyTypes: nothing, or they `allow` without isolating, or they
   *  count as if it were listed and `isolate`. */
  readonly unlistedRules: 'ignored' | 'allow' | 'isolate';
  /** (P16) A policy for both directions is one chain: between two pods that it selects, a rule of either direction allows
   *  the one and the other. */
  readonly oneChain: boolean;
  /** (P17) How a packet ends that isolation denies: without a word, or with an answer to the sender (docs/outputs.md). Its
   *  verdict is `dropped` either way. */
  readonly refusal: 'drop' | 'icmp-port-unreachable';
  /** (P18) Where an invalid packet passes, as nobody looks at its state: `node`: between a node and its pods, where that
   *  is exempt; `open`: what (P4) and (P6) leave open. */
  readonly invalidPasses: readonly ('node' | 'open')[];
  /** (P19) Kinds of policies beside NetworkPolicy that are enforced, by the names of their folders in src/policy. */
  readonly enforces: readonly string[];
  /** (P20) Whom an ipBlock matches: `everybody` who has an address in it, or only `outsiders`, which no pod or node is. */
  readonly blockPeers: 'everybody' | 'outsiders';
  /** (P21) IP protocols that pods can speak at all: what is neither is dropped, whatever the policies say; what is `optional`
   *  depends on a setting that no file tells. null: all. */
  readonly protocols: { readonly open: readonly number[]; readonly optional: readonly number[] } | null;
  /** (P22) A named port of egress: `each` peer pod's own number, or `one` number for all peers, as some versions have it. */
  readonly egressNames: 'each' | 'one';
  /** (P23) Labels of pods that no selector sees: regular expressions for the beginning of the key. */
  readonly hiddenLabels: readonly string[];
  /** (P24) The connection table that stands before the policies (docs/conntrack.md), unless the user names another. */
  readonly conntrack: 'linux' | 'cilium' | 'calico-ebpf';
}
