/**
 * Questions about a request: what rules of layer 7 say of it, on a connection that is open (cold). A part of answer.ts.
 *
 * In:  `GET /path` and header fields, as they are asked about.  Out: the request; and of a connection whose rules look at
 * requests, what becomes of it: a refused one is `dropped` here, as the question is about the request and not about packets.
 */
import type { Inventory } from '../cluster/inventory.js';
import { readHead } from '../requests/http-head.js';
import type { HttpRequest } from '../requests/request.js';
import type { Ruleset } from '../rules/ruleset.js';
import type { Question } from '../tree/classifier.js';
import type { Decision } from '../verdict/decisions.js';
import { type JudgedRequest, Layer7 } from '../verdict/layer7.js';

/** @returns null where it is no request */
export function parseRequest(line: string, headers: Readonly<Record<string, string>>): HttpRequest | null {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const hasHost = Object.keys(headers).some(name => name.toLowerCase() === 'host');
  // RFC 9112, 3.2: a request has one, whatever it is.
  const text = [`${line} HTTP/1.1`, ...(hasHost ? [] : ['Host:']), ...fields].join('\r\n');
  const bytes = new TextEncoder().encode(text);
  const head = readHead(bytes, 0, bytes.length);
  if (head === null || head.doubt !== null) return null;
  const { request } = head;
  return hasHost || request.host !== '' ? request : { ...request, host: null };
}

export interface RequestAsker {
  /** @returns null where no rule of the connection looks at requests */
  ask(question: Question, outcomes: Pick<Decision, 'egress' | 'ingress'>, request: HttpRequest): JudgedRequest | null;
}

/** @param ruleset in which rules that look at requests open connections (layer7.ts, withRequestsJudged) */
export function createRequestAsker(ruleset: Ruleset, inventory: Inventory): RequestAsker {
  let judged: JudgedRequest | null = null;
  const layer7 = new Layer7(ruleset, inventory, it => {
    judged = it;
  });
  return {
    ask(question, decision, request) {
      if (!layer7.isAsked(decision)) return null;
      judged = null;
      const connection = { connection: 0, decision: 0, opened: 0, question, alternatives: [] };
      layer7.listen(connection, decision)?.http(request, 0);
      return judged;
    },
  };
}
