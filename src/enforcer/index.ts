/**
 * Rulesets in the enforcers' own shape, by profile: `compile --emit nft --profile NAME` (cold).
 *
 * In:  policies and the inventory.  Out: text for `nft -f`; null for `upstream`, which is no enforcer: its ruleset is the
 * rules' own (rules/emit-nft.ts), and for plugins that install none of this kind. A ruleset here is written from the policies, apart from the rules and the profiles, so
 * that what the kernel makes of it can be held against them.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { NetworkPolicy } from '../policy/policy.js';
import type { ProfileName } from '../profile/profile.js';
import { emitCalico } from './calico.js';
import { emitKubeRouter } from './kube-router.js';
import { emitWeave } from './weave.js';

type Emit = (policies: readonly NetworkPolicy[], inventory: Inventory) => string;

const ENFORCERS: Readonly<Partial<Record<ProfileName, Emit>>> = {
  calico: emitCalico,
  'kube-router': emitKubeRouter,
  weave: emitWeave,
};

export const emitEnforcer = (
  profile: ProfileName,
  policies: readonly NetworkPolicy[],
  inventory: Inventory,
): string | null => ENFORCERS[profile]?.(policies, inventory) ?? null;
