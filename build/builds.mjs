// The named list of shipped builds of the core: one source, the switches of assembly/switches.ts.

/**
 * @typedef {{
 *   readonly name: string,
 *   readonly kernel: 0 | 1 | 2,
 *   readonly detail: 0 | 1,
 *   readonly records: 0 | 1,
 *   readonly count: 0 | 1,
 *   readonly steps: number,
 *   readonly percpu: 0 | 1,
 *   readonly guard: 0 | 1,
 *   readonly histogram: 0 | 1,
 *   readonly shared?: boolean,
 * }} Build
 */

/** Kernel ids in the order of the KERNEL switch. */
export const KERNELS = /** @type {const} */ (['devmap', 'refcount', 'refcount-6.15']);

/** All of refcounting's steps: assembly/switches.ts. */
export const STEPS_ALL = 127;

/** @type {readonly Build[]} */
export const BUILDS = KERNELS.flatMap((id, index) => {
  const kernel = /** @type {0 | 1 | 2} */ (index);
  const common = /** @type {const} */ ({ kernel, percpu: 0, guard: 1, histogram: 0 });
  const steps = kernel === 0 ? 0 : STEPS_ALL;
  return [
    { ...common, name: `${id}-counted`, detail: 1, records: 0, count: 1, steps },
    { ...common, name: `${id}-timed-line`, detail: 0, records: 0, count: 0, steps },
    { ...common, name: `${id}-timed-packed`, detail: 0, records: 1, count: 0, steps },
  ];
});

/**
 * The counted builds once more, for memory that is not shared: a browser gives shared memory only to
 * pages that are cross-origin isolated, and Wasm says in its import which of the two it wants.
 *
 * @type {readonly Build[]}
 */
export const BROWSER_BUILDS = BUILDS.filter(({ count }) => count === 1).map((build) => ({
  ...build,
  name: build.name.replace('counted', 'unshared'),
  shared: false,
}));
