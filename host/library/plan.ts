import type { z } from 'zod';
import type { Release } from '../cost/model.ts';
import { KERNELS } from '../kernel.ts';
import { type hostSchema, parseHost } from '../plan/host.ts';
import { findHost } from '../plan/hostFile.ts';
import { makePlan, type Plan } from '../plan/plan.ts';
import type { MapName } from '../syscall/namespace.ts';

/** A host, as the YAML and JSON files of `daxstorm plan` describe one. */
export type HostFields = z.input<typeof hostSchema>;

/** Options of `plan`. */
export interface PlanOptions {
  /** Kernel releases to plan for. Default `6.12` and `7.3`. */
  readonly releases?: readonly Release[];
  /** A unit size by name. Default: every one the host can have. */
  readonly align?: string;
  /** Default: both. */
  readonly map?: MapName;
  /** Kernel instructions a second, for turning counts into time. Default 3e9. */
  readonly rate?: number;
}

/**
 * What a host of device-DAX memory takes, and which unit size to choose: usable bytes, struct pages,
 * page tables, recorded or predicted instructions of every step, counters' headroom. The host is a
 * preset's id, a file's path, or the fields of one.
 *
 * Fails: E_PLAN naming the field that does not fit, E_FILE, E_SIZE_SYNTAX, E_DEVICE_SIZE.
 *
 * @example
 * const { recommendation } = plan({ regions: [{ size: '1TiB' }], processes: 64 });
 * recommendation.layout.unit.name; // → '1G'
 */
export function plan(host: string | HostFields, options: PlanOptions = {}): Plan {
  const { releases = [KERNELS.devmap.release, KERNELS.refcount.release], rate = 3e9 } = options;
  return makePlan({
    host: typeof host === 'string' ? findHost(host) : parseHost(host, 'host'),
    releases,
    align: options.align,
    map: options.map,
    rate,
  });
}
