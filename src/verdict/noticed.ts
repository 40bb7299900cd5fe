/**
 * What a replay noticed on the way that a reader must know to trust the verdicts: counted, and as sentences (cold).
 *
 * In:  counts and names.  Out: warnings, each a sentence with a number and the next step.
 */

/** Of connections and packets, as observations.ts counts them. */
export interface Observed {
  /** Connections from the addresses of nodes. */
  readonly fromNodes: number;
  readonly darkPackets: number;
  readonly darkBytes: number;
  /** Pods that started later than the capture saw their addresses, each once, by name. */
  readonly younger: readonly string[];
}

export interface Noticed extends Observed {
  /** On the wire, of all packets. */
  readonly bytes: number;
  /** Connections whose requests were not read to their end. */
  readonly givenUp: number;
  /** How often time ran backwards. */
  readonly stepsBack: number;
}

/** Names shown in one warning. */
const NAMED = 3;

const count = (value: number, one: string, many: string): string => `${value} ${value === 1 ? one : many}`;

export function noticedWarnings(noticed: Noticed): string[] {
  const { fromNodes, darkPackets, darkBytes, younger, bytes, givenUp, stepsBack } = noticed;
  const warnings: string[] = [];
  if (fromNodes > 0) {
    warnings.push(
      `${count(fromNodes, 'connection comes', 'connections come')} from node addresses: a node's own, or someone else's ` +
        'behind masquerade. ' +
        "To tell them apart, capture on the pods' interfaces or on the node's `any`.",
    );
  }
  if (darkPackets > 0) {
    const share = bytes > 0 ? Math.round((darkBytes / bytes) * 100) : 0;
    warnings.push(
      `${count(darkPackets, 'packet', 'packets')} (${share}% of the bytes) of encrypted tunnels between nodes, judged as such. ` +
        "To see what is inside, capture on the pods' interfaces.",
    );
  }
  if (younger.length > 0) {
    const rest = younger.length > NAMED ? ` and ${younger.length - NAMED} more` : '';
    warnings.push(
      `${count(younger.length, 'pod', 'pods')} started later than the capture saw its address (${younger.slice(0, NAMED).join(', ')}${rest}): ` +
        'at that time it may have been another pod’s. Take the cluster dump when the capture is taken.',
    );
  }
  if (givenUp > 0) {
    warnings.push(`Requests of ${givenUp} connections were read to a part only: too many were open at once.`);
  }
  if (stepsBack > 0) {
    const times = stepsBack === 1 ? 'once' : `${stepsBack} times`;
    warnings.push(`Time ran backwards ${times} in the captures; it was held still there.`);
  }
  return warnings;
}
