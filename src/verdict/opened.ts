/**
 * What a connection is that somebody listens to: its ends as they were judged, and other ones that they may be (cold).
 *
 * In:  a packet's row and its decision.  Out: an OpenedConnection. Which of a service's backends a connection reached, where
 * the capture does not show it, the verdict need not know, if all let it pass; what it carries they may judge differently.
 */
import type { Inventory } from '../cluster/inventory.js';
import { DPORT, DST, FAMILY, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { addressText } from '../packet/text.js';
import type { Question } from '../tree/classifier.js';
import type { Decision } from './decisions.js';
import type { EndOwners } from './end-owners.js';
import { reverseRow } from './initiator.js';
import { createServices, type Services } from './services.js';

export interface OpenedConnection {
  /** Its number. */
  readonly connection: number;
  readonly decision: number;
  /** The first packet of it that was listened to. */
  readonly opened: number;
  /** As it was judged: real ends, behind a service its pod and port. */
  readonly question: Question;
  /** Of a service of which several backends may have been reached: all of them, that one among them; else empty. */
  readonly alternatives: readonly Question[];
}

export class OpenedConnections {
  private readonly services: Services;
  private readonly row = new Int32Array(STRIDE);

  constructor(
    private readonly decisions: readonly Decision[],
    private readonly ends: EndOwners,
    private readonly inventory: Inventory,
  ) {
    this.services = createServices(inventory);
  }

  /** @param original whether the packet goes from the initiator */
  describe(
    rows: Int32Array,
    base: number,
    connection: number,
    decision: number,
    original: boolean,
    opened: number,
  ): OpenedConnection {
    const { ends, row } = this;
    ends.find(decision, rows, base, original);
    if (original) row.set(rows.subarray(base, base + STRIDE));
    else reverseRow(rows, base, row);
    const { port, service, isOneOfSeveral } = this.decisions[decision]!;
    const behind = port >= 0 && ends.destination >= 0 ? this.addressOf(ends.destination) : null;
    const question: Question = {
      source: { owner: ends.source, address: addressText(row, 0, SRC) },
      destination: { owner: ends.destination, address: behind ?? addressText(row, 0, DST) },
      protocol: row[PROTOCOL]!,
      sourcePort: row[SPORT]!,
      destinationPort: port >= 0 ? port : row[DPORT]!,
      icmpType: -1,
      icmpCode: -1,
    };
    const alternatives = isOneOfSeveral === true ? this.alternatives(question, service) : [];
    return { connection, decision, opened, question, alternatives };
  }

  private alternatives(question: Question, service: number): readonly Question[] {
    const { services, row, inventory } = this;
    const backends = services.resolve(
      row,
      0,
      inventory.byAddress.get(addressText(row, 0, DST))?.owner ?? service,
    )?.backends;
    return (backends ?? [])
      .filter(({ address }) => address.includes(':') === (row[FAMILY] === 6))
      .map(({ address, port }) => ({
        ...question,
        destination: { owner: inventory.byAddress.get(address)?.owner ?? -1, address },
        destinationPort: port,
      }));
  }

  private addressOf(owner: number): string | null {
    const { addresses } = this.inventory.owners[owner]!;
    return addresses.find(address => address.includes(':') === (this.row[FAMILY] === 6)) ?? null;
  }
}
