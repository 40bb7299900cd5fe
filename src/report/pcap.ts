/**
 * pcap: the frames of packets as they were captured, for tools that read nothing newer. Their verdicts are in nobody's way.
 *
 * In:  batches, and which verdict is wanted.  Out: one pcap with nanoseconds. It has one link type: a second one ends it.
 */
import type { CaptureInterface } from '../capture/frame.js';
import { PcapWriter } from '../capture/pcap-writer.js';
import { CODES, type Verdict, verdictOf } from '../verdict/verdict.js';
import type { Output, ReplayContext, Report } from './report.js';

/** Frames of two link types are wanted in one pcap; the message is one sentence for the user. */
export class LinkTypesDiffer extends Error {
  override readonly name = 'LinkTypesDiffer';
}

const EMPTY: CaptureInterface = { linkType: 1, fcsLength: 0, snapLength: 0, capture: 0 };

export function createPcapReport(output: Output, { only }: { readonly only?: Verdict | undefined } = {}): Report {
  const wanted = Array.from({ length: CODES }, (_, code) => only === undefined || verdictOf(code) === only);
  let context: ReplayContext;
  let writer: PcapWriter | null = null;
  let kind: CaptureInterface = EMPTY;
  let like = -1;

  function begin(source: number, number: number): PcapWriter {
    const found = context.source.interfaces[source]!;
    if (writer === null) {
      kind = found;
      // Frames of other interfaces may be longer.
      writer = new PcapWriter(output, { ...found, snapLength: 0 });
    } else if (found.linkType !== kind.linkType || found.fcsLength !== kind.fcsLength) {
      const types = `${typeText(kind)}, and packet ${number} ${typeText(found)}`;
      throw new LinkTypesDiffer(`a pcap has one link type: the packets before have ${types}`);
    }
    like = source;
    return writer;
  }

  return {
    begin(begun) {
      context = begun;
    },
    batch(frames, _packets, { code, count }, first) {
      const { interfaceIndex } = frames;
      for (let i = 0; i < count; i++) {
        if (!wanted[code[i]!]) continue;
        const to = interfaceIndex[i] === like ? writer! : begin(interfaceIndex[i]!, first + i);
        to.write(frames, i);
      }
    },
    end() {
      writer ??= new PcapWriter(output, context.source.interfaces[0] ?? EMPTY);
      writer.flush();
    },
  };
}

const typeText = ({ linkType, fcsLength }: CaptureInterface): string =>
  fcsLength === 0 ? `${linkType}` : `${linkType} with a frame check sequence`;
