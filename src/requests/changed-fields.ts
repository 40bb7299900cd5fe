/**
 * Header fields that proxies add, change or take away before they ask their rules: what a client sent does not tell (cold).
 */

const CHANGED =
  /^(?::|x-forwarded-|x-envoy-|x-request-id$|x-b3-|traceparent$|tracestate$|b3$|connection$|keep-alive$|proxy-|te$|transfer-encoding$|upgrade$|via$|forwarded$|content-length$|expect$)/;

/** @param name in lower case; of `host` who asks knows what it stands for */
export const isChanged = (name: string): boolean => CHANGED.test(name);
