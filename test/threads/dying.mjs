// The reading thread's program, which ends by itself when it has waited a few times: DYING=throws,2 or DYING=exits,-1.
const [how, times] = process.env.DYING.split(',');
const wait = Atomics.wait;
let left = Number(times);
const die = () => {
  if (how === 'exits') process.exit(3);
  throw new Error('out of luck');
};
Atomics.wait = (...given) => (left-- <= 0 ? die() : wait(...given));
if (left < 0) die();
await import('../../dist/node/reading-thread.js');
