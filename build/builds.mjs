// The named list of shipped builds of the core: one source, the switches of assembly/switches.ts.

/**
 * @typedef {{
 *   readonly name: string,
 *   readonly kernel: 0 | 1,
 *   readonly detail: 0 | 1,
 *   readonly records: 0,
 *   readonly count: 0 | 1,
 * }} Build
 */

/** Kernel ids in the order of the KERNEL switch. */
export const KERNELS = /** @type {const} */ (['devmap', 'refcount']);

/** @type {readonly Build[]} */
export const BUILDS = KERNELS.flatMap((id, index) => {
  const kernel = /** @type {0 | 1} */ (index);
  return [
    { name: `${id}-counted`, kernel, detail: 1, records: 0, count: 1 },
    { name: `${id}-timed-line`, kernel, detail: 0, records: 0, count: 0 },
  ];
});
