import { DaxError } from './error.ts';

/** The kernels a build of the core can be, and the release whose recordings each is held to. */
export const KERNELS = {
  devmap: { release: '6.12', title: 'Linux 6.12, devmap bit' },
  refcount: { release: '7.3', title: 'Linux 7.3, refcounted' },
  'refcount-6.15': { release: '6.16', title: 'Linux 6.15, refcounted, huge leaves special' },
} as const;

/** `devmap` (Linux 6.12), `refcount` (7.3) or `refcount-6.15`, the release that introduced it. */
export type KernelId = keyof typeof KERNELS;
export const KERNEL_IDS = Object.keys(KERNELS) as readonly KernelId[];

/** The two sides of every A/B: before refcounting, and as it is now. */
export const COMPARED = ['devmap', 'refcount'] as const satisfies readonly KernelId[];
export type ComparedKernel = (typeof COMPARED)[number];

/** Fails: E_VALUE for a name that is no kernel. */
export function parseKernel(text: string): KernelId {
  const id = KERNEL_IDS.find((each) => each === text);
  if (id) return id;
  throw new DaxError(
    'E_VALUE',
    `kernel '${text}' is not known`,
    `use --kernel ${KERNEL_IDS.slice(0, -1).join(', ')} or ${KERNEL_IDS.at(-1)}`,
  );
}
