/**
 * daxstorm in a browser page: machines and exact counts, single-threaded. What needs files or clocks
 * (comparing, replaying, gating) is Node's.
 *
 * @module
 */
export * from './library/common.ts';
export { type LoadOptions, loadCores } from './library/loadCores.ts';
