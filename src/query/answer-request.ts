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
import { OUTCOME_NONE, type Question } from '../tree/classifier.js';
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

type Outcomes = Pick<Decision, 'egress' | 'ingress'>;
export type RequestVerdicts = { readonly [S in keyof Outcomes]: JudgedRequest['verdict'] };

export interface RequestAsker {
  /** What each side's rules say of the request; `allowed` too where they do not look at requests. */
  ask(question: Question, outcomes: Outcomes, request: HttpRequest): RequestVerdicts;
}

/** @param ruleset in which rules that look at requests open connections (layer7.ts, withRequestsJudged) */
export function createRequestAsker(ruleset: Ruleset, inventory: Inventory): RequestAsker {
  let verdict: JudgedRequest['verdict'] = 'allowed';
  const layer7 = new Layer7(ruleset, inventory, judged => {
    ({ verdict } = judged);
  });
  const one = (question: Question, outcomes: Outcomes, request: HttpRequest): JudgedRequest['verdict'] => {
    verdict = 'allowed';
    const connection = { connection: 0, decision: 0, opened: 0, question, alternatives: [] };
    layer7.listen(connection, outcomes)?.http(request, 0);
    return verdict;
  };
  return {
    ask: (question, { egress, ingress }, request) => ({
      egress: one(question, { egress, ingress: OUTCOME_NONE }, request),
      ingress: one(question, { egress: OUTCOME_NONE, ingress }, request),
    }),
  };
}
