/**
 * A request as its bytes say it: what rules of layer 7 look at (cold).
 */

/** Of HTTP/1.0 or 1.1 (RFC 9112). */
export interface HttpRequest {
  /** As sent: methods are case-sensitive (RFC 9110, 9.1). */
  readonly method: string;
  /** Path and query as sent, `/` first; `*` of OPTIONS, '' of CONNECT. Of a target in absolute form what follows its authority. */
  readonly path: string;
  /**
   * The authority with its port where it names one: of the target in absolute form, else of the Host field; '' where neither is.
   * null: not known, of a request that somebody asks about and did not say it.
   */
  readonly host: string | null;
  /** Field names in lower case -> their values in order, without the white space around them. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}
