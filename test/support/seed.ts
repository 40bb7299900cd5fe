/**
 * The seed of random tests: FC_SEED where it is given, one that does not change under CI=true (a failure there must be
 * the change's), else a new one each run. Every random test prints its seed when it fails.
 */
export const seed = Number(
  process.env['FC_SEED'] ?? (process.env['CI'] === 'true' ? 20_261_121 : Date.now() % 2 ** 31),
);
