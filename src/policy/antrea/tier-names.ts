/**
 * The tiers that every Antrea has, and their priorities (AN2).
 * Source: https://github.com/antrea-io/antrea, docs/antrea-network-policy.md, pkg/controller/networkpolicy/tier.go.
 */
export const DEFAULT_TIER = 'application';
export const BASELINE_TIER = 'baseline';

export const STATIC_TIERS: ReadonlyMap<string, number> = new Map([
  ['emergency', 50],
  ['securityops', 100],
  ['networkops', 150],
  ['platform', 200],
  [DEFAULT_TIER, 250],
  [BASELINE_TIER, 253],
]);

/** The names that came before had capitals: SecurityOps. */
export const tierName = (given: string): string => {
  const lower = given.toLowerCase();
  return STATIC_TIERS.has(lower) ? lower : given;
};
