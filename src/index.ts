/**
 * policap's public surface: compile policies, replay captures, ask questions. Everything here runs in a browser; reading
 * files is the caller's business (a ByteSource is five members).
 *
 *   const { documents } = readDocuments(yamlText, 'policies.yaml');
 *   const { compiled, problems } = compile(documents);
 *   const outcome = await replay(openCapture(source), compiled, { captures: ['a.pcap'] }, [createJsonReport(output)]);
 */

export type { ByteSource, CaptureInterface, FrameBatch, FrameSource } from './capture/frame.js';
export { CaptureError } from './capture/frame.js';
export { mergeCaptures } from './capture/merge.js';
export { type CaptureOptions, openCapture } from './capture/open.js';
export type { Inventory, Namespace, Node, Pod, Service } from './cluster/inventory.js';
export {
  type Compiled,
  type CompileOptions,
  type CompileResult,
  type Compiler,
  compile,
  createCompiler,
} from './compile.js';
export type { KubernetesDocument, Position, Problem } from './documents/document.js';
export { readDocuments } from './documents/read.js';
export type { NetworkPolicy } from './policy/policy.js';
export { PROFILE_NAMES, type Profile, type ProfileName } from './profile/profile.js';
export { type ReplayOptions, type ReplayOutcome, replay } from './replay.js';
export { createFastPath } from './replay-memory.js';
export { createJsonReport } from './report/json.js';
export { createJsonlReport } from './report/jsonl.js';
export { createPcapngReport } from './report/pcapng.js';
export type { Output, ReplayContext, ReplayResult, Report } from './report/report.js';
export { createTextReport } from './report/text.js';
export { createVerdictsReport } from './report/verdicts.js';
export type { Direction, Rule, Ruleset, Tier } from './rules/ruleset.js';
export type { Classifier, Endpoint, Question, QuestionClassifier } from './tree/classifier.js';
export { createLinear } from './tree/linear.js';
export type { OutcomeRecord, Reason, Verdict, VerdictBatch } from './verdict/verdict.js';
