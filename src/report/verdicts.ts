/**
 * verdicts: one byte a packet, in capture order (hot).
 *
 * Schema `policap.verdicts/1`. A header that says what the bytes mean, then the bytes, to the end of the file:
 *
 *   8 bytes  `policap` and a line feed
 *   4 bytes  version of this layout, 1
 *   4 bytes  length of the JSON in bytes
 *   JSON     `schema`, `mode`, `profile` (where it is not upstream), and `codes`: by byte value { verdict, reason }, null
 *            where no packet has it
 *   1 byte   a packet: byte n (from 1) is the verdict of packet n
 *
 * Numbers are little-endian, text is UTF-8.
 */
import { profileField } from '../profile/profile.js';
import { CODES, PENDING, reasonOf, verdictOf } from '../verdict/verdict.js';
import type { Output, ReplayContext, Report } from './report.js';

const MAGIC = 'policap\n';
const VERSION = 1;
const SIZE = 1 << 16;

function headerOf({ mode, compiled }: Pick<ReplayContext, 'mode' | 'compiled'>): Uint8Array {
  const codes = Array.from({ length: CODES }, (_, code) =>
    code === PENDING ? null : { verdict: verdictOf(code), reason: reasonOf(code) },
  );
  const encoder = new TextEncoder();
  const magic = encoder.encode(MAGIC);
  const json = encoder.encode(
    JSON.stringify({ schema: 'policap.verdicts/1', mode, ...profileField(compiled.profile), codes }),
  );
  const header = new Uint8Array(magic.length + 8 + json.length);
  const view = new DataView(header.buffer);
  header.set(magic);
  view.setUint32(magic.length, VERSION, true);
  view.setUint32(magic.length + 4, json.length, true);
  header.set(json, magic.length + 8);
  return header;
}

export function createVerdictsReport(output: Output): Report {
  const bytes = new Uint8Array(SIZE);
  let used = 0;

  function flush(): void {
    if (used > 0) output.write(bytes.subarray(0, used));
    used = 0;
  }

  return {
    begin(context) {
      output.write(headerOf(context));
    },
    batch(_frames, _packets, { code, count }) {
      if (used + count > SIZE) flush();
      const codes = code.subarray(0, count);
      if (count > SIZE) {
        output.write(codes);
        return;
      }
      bytes.set(codes, used);
      used += count;
    },
    end() {
      flush();
    },
  };
}
