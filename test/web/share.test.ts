/**
 * A workspace as one file: what is written is read again, and whatever is done to the file, a sentence says what is wrong.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isShared, readShared, type Shared, ShareFault, writeShared } from '../../web/app/share/file.js';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const documents = fc.array(fc.record({ name, text: fc.string({ unit: 'grapheme' }) }), { maxLength: 5 });
const shared: fc.Arbitrary<Shared> = fc.record({
  captures: fc.array(
    fc.record({
      name,
      blob: fc.uint8Array({ maxLength: 300 }).map(bytes => new Blob([bytes as Uint8Array<ArrayBuffer>])),
    }),
    { maxLength: 3 },
  ),
  before: documents,
  edits: fc.array(fc.record({ name, text: fc.option(fc.string()) }), { maxLength: 3 }),
  options: fc.constantFrom(
    {},
    { profile: 'calico', staged: true } as const,
    { mode: 'dataplane', conntrack: 'none', timeouts: { udp: 30 } } as const,
    { maxConnections: 5, tunnels: false, duplicates: false } as const,
  ),
  link: fc.constantFrom('', '#/edit?file=a.yaml&line=3'),
});

const bytesOf = async (blob: Blob): Promise<number[]> => [...new Uint8Array(await blob.arrayBuffer())];

const plain = async (it: Shared) => ({
  ...it,
  captures: await Promise.all(it.captures.map(async its => ({ name: its.name, bytes: await bytesOf(its.blob) }))),
});

describe('a workspace as one file', () => {
  it('is read as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(shared, async it => {
        const file = await writeShared(it);
        expect(isShared(await file.slice(0, 64).text())).toBe(true);
        expect(await plain(await readShared(file, 'a.policap'))).toEqual(await plain(it));
      }),
      { numRuns: 100 },
    );
  });

  it('says so wherever it is cut', async () => {
    const file = await writeShared(await exampleOf());
    for (let size = 0; size < file.size; size++) {
      await expect(readShared(file.slice(0, size), 'a.policap')).rejects.toThrow(ShareFault);
    }
    await expect(readShared(new Blob([file, 'x']), 'a.policap')).rejects.toThrow('1 bytes too many');
    await expect(readShared(file.slice(0, file.size - 3), 'a.policap')).rejects.toThrow('3 bytes are missing');
  });

  it('never throws anything but a sentence, whichever byte is changed', async () => {
    const file = new Uint8Array(await (await writeShared(await exampleOf())).arrayBuffer());
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), async (at, byte) => {
        const changed = file.slice();
        changed[at] = byte;
        await readShared(new Blob([changed]), 'a.policap').catch(error => expect(error).toBeInstanceOf(ShareFault));
      }),
      { numRuns: 300 },
    );
  });

  it('of another version, or of another shape, is refused', async () => {
    await expect(readShared(new Blob(['policap.shared/2\n0\n']), 'a.policap')).rejects.toThrow('version 2');
    const gzip = (text: string) =>
      new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).blob();
    for (const header of ['[]', '{}', '{"captures":[{"name":"a","size":-1}],"before":[],"edits":[],"link":""}', 'x']) {
      const packed = await gzip(header);
      const file = new Blob([`policap.shared/1\n${packed.size}\n`, packed]);
      await expect(readShared(file, 'a.policap')).rejects.toThrow('damaged');
    }
  });
});

async function exampleOf(): Promise<Shared> {
  return {
    captures: [{ name: 'a.pcap', blob: new Blob(['0123456789']) }],
    before: [{ name: 'a.yaml', text: 'kind: NetworkPolicy\n' }],
    edits: [{ name: 'a.yaml', text: null }],
    options: {},
    link: '#/edit',
  };
}
