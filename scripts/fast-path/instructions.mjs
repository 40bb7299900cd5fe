/**
 * Functions of src/ for which there are instructions: what stands for them in the fast path.
 *
 * In:  a function's name, as the translator writes it.  Out: AssemblyScript.
 */
const halves = (words, at) => `v128.load(${words} + (<usize>(${at}) << 2))`;

/** What stands for a call. */
export const CALLS = {
  memory_halves_someHalfAbove: (a, at, b, other) =>
    `<i32>v128.any_true(i16x8.sub_sat_u(${halves(a, at)}, ${halves(b, other)}))`,
};

/** Bytes from which on the engine copies faster. */
const LONG = 512;

/** What stands for a body. The last bytes are copied as a whole vector or word, over some that are there already. */
export const BODIES = {
  memory_copy_copyBytes: `{
  const a = from + <usize>at;
  const b = to + <usize>start;
  if (length > ${LONG}) {
    memory.copy(b, a, <usize>length);
  } else if (length >= 16) {
    const last = <usize>(length - 16);
    for (let n: usize = 0; n < last; n += 16) v128.store(b + n, v128.load(a + n));
    v128.store(b + last, v128.load(a + last));
  } else if (length >= 8) {
    const last = <usize>(length - 8);
    const word = load<u64>(a);
    store<u64>(b + last, load<u64>(a + last));
    store<u64>(b, word);
  } else if (length >= 4) {
    const last = <usize>(length - 4);
    const word = load<u32>(a);
    store<u32>(b + last, load<u32>(a + last));
    store<u32>(b, word);
  } else {
    for (let n: usize = 0; n < <usize>length; n++) store<u8>(b + n, load<u8>(a + n));
  }
}`,
};
