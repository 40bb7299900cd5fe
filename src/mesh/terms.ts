/**
 * One term of a rule against a connection, and the request on it if there is one (IS11 to IS19) (cold).
 *
 * In:  a term, Traffic.  Out: whether it holds, or what that depends on. Without an identity no value of one matches, so
 * that the negations do: that is how the proxies read it (IS12).
 */
import { type Block, contains, parseAddress, parseBlock } from '../cluster/address.js';
import type { AuthorizationPolicy, IstioTerm } from '../policy/istio/model.js';
import { isChanged } from '../requests/changed-fields.js';
import type { HttpRequest } from '../requests/request.js';
import { type Enforcer, type Identity, matchesAccount, matchesNamespace, matchesPrincipal } from './identity.js';
import { matchesPath, normalizePath } from './paths.js';
import { matchesString } from './strings.js';
import { all, any, doubt, not, ofRequest, type Truth } from './truth.js';

/** What a policy is asked about. */
export interface Traffic {
  readonly proxy: Enforcer;
  /** null: it proves none. */
  readonly identity: Identity | null;
  /** What the identity depends on, '' where it is known. */
  readonly identityDoubt: string;
  /** Canonical text; '': not known. */
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  /** -1: not known. */
  readonly port: number;
  /** `unread`: nobody looked. */
  readonly carries: 'tcp' | 'http' | 'unread';
  /** Of `http`. */
  readonly request: HttpRequest | null;
}

export function termHolds(term: IstioTerm, { namespace }: AuthorizationPolicy, traffic: Traffic): Truth {
  const matcher = matcherOf(term, namespace, traffic);
  if (typeof matcher !== 'function') return matcher;
  const { values, notValues } = term;
  return all([values.length === 0 ? true : any(values, matcher), not(any(notValues, matcher))], truth => truth);
}

type Matcher = (value: string) => Truth;

/** What tells whether a value matches; a Truth where no value has to be looked at. */
function matcherOf({ attribute, field, header }: IstioTerm, namespace: string, traffic: Traffic): Matcher | Truth {
  const { proxy, sourceAddress, destinationAddress, port } = traffic;
  switch (attribute) {
    case 'source.ip':
      return addressMatcher(sourceAddress, 'the address of the source');
    case 'destination.ip':
      return addressMatcher(destinationAddress, 'the address of the destination');
    case 'destination.port':
      return port < 0 ? doubt('the port') : value => Number(value) === port;
    case 'source.principal':
      return ofIdentity(traffic, (value, identity) => matchesPrincipal(value, identity, proxy));
    case 'source.namespace':
      return ofIdentity(traffic, (value, identity) => matchesNamespace(value, identity, proxy));
    case 'source.serviceAccount':
      // Versions of ztunnel differ in whether they know this key of `when`.
      if (proxy === 'ztunnel' && field === attribute) return doubt(`how ztunnel reads ${field}`);
      return ofIdentity(traffic, (value, identity) => matchesAccount(value, namespace, identity, proxy));
    case 'remote.ip':
      return doubt(`the address that proxies in front report (${field})`);
    case 'request.auth':
      return doubt(`what the request proves by a token (${field})`);
    case 'connection.sni':
      return doubt(`the server name of TLS (${field})`);
    case 'experimental':
      return doubt(`what the proxy knows by itself (${field})`);
    default:
      return requestMatcher(attribute, field, header, traffic);
  }
}

function ofIdentity({ identity, identityDoubt }: Traffic, matches: (value: string, of: Identity) => Truth): Matcher {
  return value => {
    if (identity === null) return false;
    const truth = matches(value, identity);
    return truth === false || identityDoubt === '' ? truth : doubt(identityDoubt);
  };
}

function addressMatcher(text: string, name: string): Matcher | Truth {
  const address = parseBlock(`${text}/${text.includes(':') ? 128 : 32}`);
  if (address === null) return doubt(name);
  return value => {
    const block = blockOf(value);
    return block === null ? doubt(`what ${JSON.stringify(value)} matches`) : contains(block, address);
  };
}

const blocks = new Map<string, Block | null>();

/** null: IPv4 written as IPv6, or an address with a zone: the proxies differ in what they make of it. */
function blockOf(value: string): Block | null {
  let block = blocks.get(value);
  if (block === undefined) {
    const isPlain = !(value.includes(':') && value.includes('.'));
    const length = value.includes('/') ? '' : `/${parseAddress(value)?.family === 6 ? 128 : 32}`;
    block = isPlain ? parseBlock(`${value}${length}`) : null;
    blocks.set(value, block);
  }
  return block;
}

type RequestAttribute = 'host' | 'method' | 'path' | 'request.headers';

function requestMatcher(attribute: RequestAttribute, field: string, header: string, traffic: Traffic): Matcher | Truth {
  const { request } = traffic;
  if (attribute === 'request.headers' && (header === 'host' || isChanged(header)))
    return doubt(`what the proxies make of ${field}`);
  if (request === null) {
    const part = attribute === 'request.headers' ? `header ${header}` : attribute;
    return ofRequest(`the ${part} of the request`);
  }
  switch (attribute) {
    case 'method':
      return value => matchesString(value, request.method);
    case 'host': {
      const { host } = request;
      // The port is a part of it (IS16).
      return host === null
        ? doubt('the host of the request')
        : value => matchesString(value.toLowerCase(), host.toLowerCase());
    }
    case 'path': {
      const path = normalizePath(request.path);
      return path === null ? doubt('what the proxy makes of the path') : value => matchesPath(value, path);
    }
    case 'request.headers': {
      const given = request.headers.get(header);
      // Presence is enough for *: the value may be empty.
      return given === undefined ? () => false : value => value === '*' || matchesString(value, given.join(','));
    }
  }
}
