/** What the fast path's host needs of WebAssembly, which the ECMAScript library does not declare. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array | ArrayBuffer);
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }
  class Memory {
    constructor(limits: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBufferLike;
  }
  class Global {
    value: unknown;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Exports;
  }
  type Exports = Record<string, unknown>;
}

/** Of ECMAScript 2024; every Node since 16 has it. */
interface Atomics {
  waitAsync(words: Int32Array, index: number, value: number): { readonly value: Promise<string> | string };
}
