/**
 * daxstorm as a library, in Node: boot a machine and drive it, count storms, compare kernels, plan
 * hosts, gate counts. docs/library.md says what is stable.
 *
 * @module
 */
export type { Comparison, EmulatedCost, OperationRow } from './compare/comparison.ts';
export type { Replay } from './compare/replay.ts';
export type { Release } from './cost/model.ts';
export type { Validation } from './cost/validation.ts';
export type { GateResult, GateVerdict } from './gate/gate.ts';
export * from './library/common.ts';
export {
  type CompareOptions,
  compare,
  type ReplayOptions,
  replay,
  type TimingOptions,
} from './library/compare.ts';
export { type GateOptions, gate } from './library/gate.ts';
export { type HostFields, type PlanOptions, plan } from './library/plan.ts';
export { validate } from './library/validate.ts';
export type { RecordedCost } from './measure/recorded.ts';
export type { Estimate } from './measure/stats.ts';
export type { Plan } from './plan/plan.ts';
