/**
 * documents -> classifier: one line a stage.
 */
import type { Inventory } from './cluster/inventory.js';
import type { Problem } from './documents/document.js';
import type { NetworkPolicy } from './policy/policy.js';
import type { Ruleset } from './rules/ruleset.js';
import type { Classifier } from './tree/classifier.js';

export interface Compiled {
  readonly inventory: Inventory;
  readonly policies: readonly NetworkPolicy[];
  readonly ruleset: Ruleset;
  readonly classifier: Classifier;
  /** Warnings only: errors end the compilation. */
  readonly problems: readonly Problem[];
  /** Kinds that are not policap's business, with how many of each were given. */
  readonly ignored: ReadonlyMap<string, number>;
  readonly compileMs: number;
}
