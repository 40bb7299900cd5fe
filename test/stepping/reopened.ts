/**
 * A shipped case that can be stepped through, with a small connection table.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeCaptures } from '../../src/capture/merge.js';
import { openCapture } from '../../src/capture/open.js';
import type { StepDocument } from '../../src/stepping/document.js';
import { createStepper, type Stepper } from '../../src/stepping/stepper.js';
import type { SteppingOptions } from '../../src/stepping/window.js';
import { bytesSource } from '../capture/drain.js';
import { allCases, type Case, compileCase, plainCapture } from '../support/cases.js';

export function caseNamed(name: string): Case {
  const found = allCases().find(it => it.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}

export function reopened(shipped: Case, options: Partial<SteppingOptions> = {}) {
  const files = shipped.captures.map(file => plainCapture(readFileSync(join(shipped.path, file))));
  const compiled = compileCase(shipped);
  const all = { captures: shipped.captures, maxConnections: 4096, ...options };
  const reopen = async () => mergeCaptures(files.map((bytes, capture) => openCapture(bytesSource(bytes), { capture })));
  return { compiled, reopen, options: all, stepper: (side?: number) => createStepper(reopen, compiled, all, side) };
}

export async function documentOf(stepper: Stepper, number: number): Promise<StepDocument> {
  const { document } = await stepper.step(number);
  if (document === null) throw new Error(`there is no packet ${number}`);
  return document;
}
