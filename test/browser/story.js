// One history and two storms with the library, whichever entry it came from: plain data to compare.
const READ_ONLY = { read: true, write: false, exec: false };

/**
 * @typedef {typeof import('../../host/library/common.ts')} Library
 * @typedef {import('../../host/library/common.ts').AlignName} AlignName
 * @typedef {import('../../host/library/common.ts').KernelId} KernelId
 * @typedef {import('../../host/library/common.ts').Storm} Storm
 */

/**
 * Bigints as text, for JSON.
 * @param {string} _key
 * @param {unknown} value
 */
const plain = (_key, value) => (typeof value === 'bigint' ? String(value) : value);

/**
 * Every kind of call once, on one kernel and unit.
 * @param {Library} library
 * @param {KernelId} kernel
 * @param {AlignName} align
 */
function history({ Machine, MIB, GIB, SyscallError }, kernel, align) {
  const sizeBytes = align === '1G' ? 2 * GIB : 8 * MIB;
  const unitBytes = { '4K': 4096, '2M': 2 * MIB, '1G': GIB }[align];
  const machine = new Machine({ kernel, align, sizeBytes, processes: 2 });
  const parent = machine.createProcess();
  const address = parent.mmap({ lengthBytes: sizeBytes });
  const seen = [
    parent.access(address, 'read'),
    parent.access(address + BigInt(unitBytes), 'write'),
  ];
  const child = parent.fork();
  child.access(address, 'write');
  const pinned = parent.pin(address, 2, { longterm: true });
  const whilePinned = machine.page(1);
  pinned.release();
  parent.madvise(address, unitBytes, 'dontneed');
  parent.mprotect(address, unitBytes, READ_ONLY);
  seen.push(parent.access(address, 'write'));
  let refused;
  try {
    parent.munmap(address + 1n, 4096);
  } catch (error) {
    refused = error instanceof SyscallError && [error.errno, error.code];
  }
  const violation = machine.violation() ?? 'none';
  child.exit();
  const unbound = machine.unbind();
  return {
    seen,
    pinned: pinned.pages,
    whilePinned,
    refused,
    violation,
    unbound,
    events: machine.events(),
  };
}

/** The entries to load the library from have the same to say. @param {Library} library */
export function story(library) {
  const { countStorm, KERNELS, MIB } = library;
  const kernels = /** @type {readonly KernelId[]} */ (Object.keys(KERNELS));
  const aligns = /** @type {readonly AlignName[]} */ (['4K', '2M', '1G']);
  /** @type {readonly Storm[]} */
  const asked = [
    { align: '2M', sizeBytes: 256 * MIB },
    { align: '4K', sizeBytes: 8 * MIB, pattern: 'uniform', seed: 7, pinPages: 16 },
    { align: '4K', sizeBytes: 8 * MIB, pattern: 'zipf', touches: 5000, access: 'read' },
  ];
  const storms = asked.map((storm) => countStorm(storm, kernels));
  const histories = kernels.flatMap((kernel) =>
    aligns.map((align) => ({ kernel, align, ...history(library, kernel, align) })),
  );
  return JSON.parse(JSON.stringify({ storms, histories }, plain));
}
