/** What a row of the matrix stands for. */
export const LEVELS = ['workload', 'pod', 'namespace'] as const;
export type Level = (typeof LEVELS)[number];
