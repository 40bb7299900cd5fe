/** A capture that stands in memory. */
import type { ByteSource } from '../../src/capture/frame.js';

export const memory = (bytes: Uint8Array): ByteSource => {
  let at = 0;
  return {
    name: 'mutant',
    size: bytes.length,
    read(target, offset, length) {
      const part = bytes.subarray(at, at + length);
      target.set(part, offset);
      at += part.length;
      return part.length;
    },
    close() {},
  };
};
