/**
 * All checks, in the order in which docs/lint lists them.
 */
import type { Check } from '../check.js';
import { andOrSelectors } from './and-or-selectors.js';
import { blockHoldsPods } from './block-holds-pods.js';
import { dnsBlocked } from './dns-blocked.js';
import { document } from './document.js';
import { duplicate } from './duplicate.js';
import { exceptCoversCidr } from './except-covers-cidr.js';
import { namedPortMissing } from './named-port-missing.js';
import { notEnforced } from './not-enforced.js';
import { oneFamilyOnly } from './one-family-only.js';
import { otherSideRefuses } from './other-side-refuses.js';
import { peerMatchesNothing } from './peer-matches-nothing.js';
import { pluginDiffers } from './plugin-differs.js';
import { podNotIsolated } from './pod-not-isolated.js';
import { portNotOpen } from './port-not-open.js';
import { redundant } from './redundant.js';
import { selectsNoPod } from './selects-no-pod.js';
import { shadowed } from './shadowed.js';

export const CHECKS: readonly Check[] = [
  notEnforced,
  pluginDiffers,
  document,
  selectsNoPod,
  peerMatchesNothing,
  dnsBlocked,
  otherSideRefuses,
  andOrSelectors,
  portNotOpen,
  namedPortMissing,
  exceptCoversCidr,
  blockHoldsPods,
  oneFamilyOnly,
  redundant,
  shadowed,
  duplicate,
  podNotIsolated,
];
