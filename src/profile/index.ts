/** Every profile by its name. */
import { ANTREA } from './antrea.js';
import { CALICO } from './calico.js';
import { CILIUM } from './cilium.js';
import { FLANNEL } from './flannel.js';
import { KUBE_ROUTER } from './kube-router.js';
import type { Profile, ProfileName } from './profile.js';
import { UPSTREAM } from './upstream.js';
import { WEAVE } from './weave.js';

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  upstream: UPSTREAM,
  calico: CALICO,
  'kube-router': KUBE_ROUTER,
  weave: WEAVE,
  flannel: FLANNEL,
  antrea: ANTREA,
  cilium: CILIUM,
};
