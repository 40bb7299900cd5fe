/**
 * The decision tree engine's entry. Until the tree itself stands, it answers with the linear engine.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { Ruleset } from '../rules/ruleset.js';
import type { Classifier } from './classifier.js';
import { createLinear } from './linear.js';

export const createTree = (ruleset: Ruleset, inventory: Inventory): Classifier => createLinear(ruleset, inventory);
