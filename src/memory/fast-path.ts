/**
 * The fast path: the hot loops compiled to WebAssembly (scripts/fast-path), on the same memory as the TypeScript they were
 * compiled from.
 *
 * In:  the compiled module, and how much memory its objects take.  Out: a Memory to make them in, and its loops as
 * functions that take the arrays the TypeScript ones take.
 * The module's globals are the objects' fields (`Table_words`: an address, a number, a flag), set once by bind(). What the
 * fast path does not do itself it asks of the same objects, by their methods marked `@cold`.
 */
import { BufferMemory, type Memory } from './memory.js';

type TypedArray = Int32Array | Uint8Array | Float64Array;
type Callable = (...given: unknown[]) => unknown;

const PAGE = 65536;
/** Bytes for the module's own data, tables of constants. */
const OWN_DATA = PAGE;
/** What a WebAssembly memory can address. */
const MOST_BYTES = 2 ** 32 - 2 * PAGE;

/** The objects and functions that stand behind the fast path's globals and imports, by class or by name. */
export type FastPathParts = Readonly<Record<string, object>>;

/** A memory that threads share, and where in it this thread's own arrays may stand. */
export interface Joined {
  readonly memory: WebAssembly.Memory;
  readonly from: number;
  readonly to: number;
}

export class FastPath {
  readonly memory: Memory;
  readonly buffer: ArrayBufferLike;
  /** What it was instantiated from; for another thread, where the memory is shared. */
  readonly instantiated: { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory };
  private readonly exports: WebAssembly.Exports;
  private parts: FastPathParts = {};
  /** The arrays that cold functions may be given, by address. */
  private readonly arrays = new Map<number, TypedArray>();

  /** Whether a WebAssembly memory holds so much. */
  static fits(bytes: number): boolean {
    return bytes <= MOST_BYTES;
  }

  /**
   * @param module fast-path.wasm, or fast-path-shared.wasm for a memory that is shared
   * @param given bytes of all arrays that will be taken; a number for a memory of this thread alone
   */
  constructor(module: WebAssembly.Module, given: number | { readonly shared: number } | Joined) {
    const memory = typeof given === 'object' && 'memory' in given ? given.memory : newMemory(given);
    const cold: Record<string, Callable> = {};
    for (const { name, kind } of WebAssembly.Module.imports(module)) {
      if (kind === 'function') cold[name] = this.callback(name);
    }
    // A second instance writes the module's data once more: constants, the same bytes.
    this.exports = new WebAssembly.Instance(module, { env: { memory }, cold }).exports;
    this.instantiated = { module, memory };
    this.buffer = memory.buffer;
    const heap = (this.exports['heapBase'] as () => number)();
    this.memory =
      typeof given === 'object' && 'memory' in given
        ? new BufferMemory(memory.buffer, given.from, given.to)
        : new BufferMemory(memory.buffer, heap);
  }

  /** Its whole memory from a byte on: arrays that another thread has taken there, taken once more. */
  memoryFrom(from: number): Memory {
    return new BufferMemory(this.buffer, from);
  }

  /** How many globals there are. */
  get globals(): number {
    return this.listGlobals().length;
  }

  /** Writes what bind() has set, for another instance on the same memory. */
  saveGlobals(into: Float64Array): void {
    for (const [i, global] of this.listGlobals().entries()) into[i] = global.value as number;
  }

  loadGlobals(from: Float64Array): void {
    for (const [i, global] of this.listGlobals().entries()) global.value = from[i];
  }

  private listGlobals(): WebAssembly.Global[] {
    return Object.values(this.exports).filter(it => it instanceof WebAssembly.Global);
  }

  /** Gives the fast path the objects it works on; their arrays must be of its memory. */
  bind(parts: FastPathParts): void {
    this.parts = { ...this.parts, ...parts };
    for (const [name, global] of Object.entries(this.exports)) {
      if (!(global instanceof WebAssembly.Global)) continue;
      const [owner = '', field = ''] = split(name);
      const object = parts[owner] as Record<string, unknown> | undefined;
      if (object !== undefined) global.value = this.word(object[field], name);
    }
  }

  /** An exported loop, taking typed arrays where the TypeScript one takes them. */
  entry<F extends (...given: never[]) => unknown>(name: string): F {
    const loop = this.exports[name] as Callable;
    const call = (...given: unknown[]): unknown => {
      for (let i = 0; i < given.length; i++) given[i] = this.word(given[i], name);
      return loop(...given);
    };
    return call as unknown as F;
  }

  /** An exported loop whose first parameters are these arrays and whose others are numbers. */
  loop(name: string, arrays: readonly TypedArray[]): (a: number, b: number, c: number) => void {
    const loop = this.exports[name] as (...given: unknown[]) => void;
    const addresses = arrays.map(array => this.word(array, name));
    return loop.bind(null, ...addresses);
  }

  private word(value: unknown, name: string): unknown {
    if (!ArrayBuffer.isView(value)) return value;
    if (value.buffer !== this.buffer) throw new Error(`${name}: an array that is not of the fast path's memory`);
    const address = value.byteOffset;
    if (this.arrays.get(address) !== value && !(value instanceof DataView))
      this.arrays.set(address, value as TypedArray);
    return address;
  }

  /** @param name `Class_method:kinds` or `function:kinds`; kinds: a an array's address, b a flag, n a number */
  private callback(name: string): Callable {
    const [path = '', kinds = ''] = name.split(':');
    const [owner = '', method = ''] = split(path);
    let bound: Callable | null = null;
    const find = (): Callable => {
      bound ??= this.resolve(path, owner, method);
      return bound;
    };
    if (/^n*$/.test(kinds)) return (a, b) => find()(a, b);
    return (...given) => {
      const values = given.map((value, i) => {
        if (kinds[i] === 'a') return this.arrays.get(value as number);
        return kinds[i] === 'b' ? value !== 0 : value;
      });
      return find()(...values);
    };
  }

  /** A function of the parts, or a method of one of them. */
  private resolve(path: string, owner: string, method: string): Callable {
    const whole = this.parts[path] as Callable | undefined;
    if (whole !== undefined) return whole;
    const object = this.parts[owner] as Record<string, Callable>;
    return (...given) => object[method]!(...given);
  }
}

function newMemory(given: number | { readonly shared: number }): WebAssembly.Memory {
  const initial = Math.ceil((OWN_DATA + (typeof given === 'number' ? given : given.shared)) / PAGE);
  return new WebAssembly.Memory(typeof given === 'number' ? { initial } : { initial, maximum: initial, shared: true });
}

const split = (name: string): string[] => {
  const at = name.indexOf('_');
  return [name.slice(0, at), name.slice(at + 1)];
};
