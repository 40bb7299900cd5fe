/**
 * Who a source is to the mesh: principals, namespaces and service accounts (IS12, IS13) (cold).
 *
 * In:  an identity, or none, and a value of a policy.  Out: whether it matches. Sidecars compare with regular expressions,
 * which tell some values apart that are the same to ztunnel.
 */
import { matchesRuns, matchesString } from './strings.js';
import { doubt, type Truth } from './truth.js';

/** MeshConfig.trustDomain by default. In policies it stands for the mesh's own, whatever that is. */
export const TRUST_DOMAIN = 'cluster.local';

export interface Identity {
  readonly namespace: string;
  readonly account: string;
}

export type Enforcer = 'sidecar' | 'ztunnel';

const principalOf = (domain: string, { namespace, account }: Identity): string =>
  `${domain}/ns/${namespace}/sa/${account}`;

/** Characters that make more of a name than a name, in a regular expression. */
const SPECIAL = /[*+?()[\]{}|^$\\]/;

export function matchesPrincipal(value: string, identity: Identity, proxy: Enforcer): Truth {
  if (proxy === 'sidecar' && value.length > 1 && value.startsWith('*') && SPECIAL.test(value.slice(1))) {
    return doubt(`what ${JSON.stringify(value)} matches`);
  }
  if (isPrincipal(value, principalOf(TRUST_DOMAIN, identity), proxy)) return true;
  // Of a value that names another trust domain it is not known whether it is the mesh's.
  const domain = value.split('/', 1)[0]!.replace('*', '');
  const isOther = domain !== '' && domain !== TRUST_DOMAIN;
  return isOther && isPrincipal(value, principalOf(domain, identity), proxy)
    ? doubt(`whether the trust domain of the mesh is ${domain}`)
    : false;
}

function isPrincipal(value: string, principal: string, proxy: Enforcer): boolean {
  const isSuffix = value.length > 1 && value.startsWith('*');
  return isSuffix && proxy === 'sidecar' ? matchesRuns(value, principal) : matchesString(value, principal);
}

export function matchesNamespace(value: string, identity: Identity, proxy: Enforcer): Truth {
  if (proxy === 'ztunnel') return matchesString(value, identity.namespace);
  if (!/^[a-z0-9*-]+$/.test(value)) return doubt(`what ${JSON.stringify(value)} matches`);
  return matchesRuns(`*/ns/${value}/*`, `spiffe://${principalOf(TRUST_DOMAIN, identity)}`);
}

/** @param own of the policy: that of an account without one */
export function matchesAccount(value: string, own: string, identity: Identity, proxy: Enforcer): Truth {
  const [first = '', second] = value.split('/');
  const [namespace, account] = second === undefined ? [own, first] : [first, second];
  if (proxy === 'ztunnel') return namespace === identity.namespace && account === identity.account;
  if (SPECIAL.test(value)) return doubt(`what ${JSON.stringify(value)} matches`);
  return matchesRuns(namespace, identity.namespace) && matchesRuns(account, identity.account);
}
