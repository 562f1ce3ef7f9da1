import { DaxError } from '../error.ts';
import type { Random } from '../random.ts';
import { formatBytes } from '../units.ts';
import { Bank, type BankShape, type Buffers, bankBytes, tooLarge } from './bank.ts';
import { memoryLimits, type Need, refusal } from './limits.ts';
import { collectGarbage } from './platform.ts';
import { Router } from './route.ts';
import { type Cut, SLOT_BYTES, Slices, sliceRanges } from './slices.ts';

const PAGE_BYTES = 4096;
/** Bytes of a bank that stay untouched where a storm needs neither array whole: 8 MiB each. */
const BUFFER_BYTES = 2 ** 24;

/** Slots that a process with four page-table levels has for mappings: 127 TiB of its 128. */
const SLOTS_MAX = 254;
/** The largest device that a process can map. */
export const DEVICE_BYTES_MAX = SLOTS_MAX * SLOT_BYTES;

/** One bank where a device fits one, whatever the build; else one a slot. */
function cutOf(shape: BankShape, { leadBytes = 0, banks }: Cut): Slices {
  const fits = Number.isFinite(bankBytes({ ...shape, stamps: true }));
  const several = shape.pages * PAGE_BYTES + leadBytes > SLOT_BYTES && !fits;
  return new Slices(shape.pages, { leadBytes, banks: banks ?? (several ? 'several' : 'one') });
}

function sliceShapes(shape: BankShape, slices: Slices): readonly BankShape[] {
  if (slices.count === 1) return [shape];
  return Array.from({ length: slices.count }, (_, bank) => {
    const pages = slices.pages(bank);
    const first = slices.firstPage(bank) * PAGE_BYTES;
    const ranges = sliceRanges(shape.ranges, first, pages * PAGE_BYTES);
    return { ...shape, pages, ranges, deviceRanges: shape.ranges };
  });
}

/** What banks of these shapes need. Fails: E_BANK_SPAN where one cannot be. */
function needOf(shapes: readonly BankShape[], roomBytes: number): Need {
  if (shapes.length > SLOTS_MAX) {
    const pages = shapes.reduce((sum, shape) => sum + shape.pages, 0);
    throw new DaxError(
      'E_BANK_SPAN',
      `this device has ${formatBytes(pages * PAGE_BYTES)}; a process maps 127 TiB at most`,
      'use --size 127TiB or less',
    );
  }
  const each = shapes.map((shape) => bankBytes(shape, roomBytes));
  const beyond = each.findIndex((bytes) => !Number.isFinite(bytes));
  if (beyond >= 0) throw tooLarge(shapes[beyond] as BankShape);
  const bytes = each.reduce((sum, one) => sum + one, 0);
  const unused = shapes.length > 1 ? shapes.length * BUFFER_BYTES : 0;
  return { banks: shapes.length, bytes, residentBytes: bytes - unused };
}

/** Fails: E_MEMORY, naming the limit that is in the way. */
function refuseBeyondLimits(need: Need): void {
  // Banks that nobody uses any more may be all that is in the way, and several are gigabytes.
  const small = need.banks === 1 && !refusal(need, memoryLimits());
  if (small) return;
  collectGarbage();
  const refused = refusal(need, memoryLimits());
  if (refused) throw refused;
}

/** How many banks a device has. */
export function bankCount(shape: BankShape): number {
  return cutOf(shape, {}).count;
}

/** What the banks of a device need. Fails: E_BANK_SPAN where one cannot be. */
export function banksNeed(shape: BankShape, roomBytes = 0): Need {
  return needOf(sliceShapes(shape, cutOf(shape, {})), roomBytes);
}

/** Whether a device can be held, before anything is made for it. Fails: as Banks. */
export function checkBanks(shape: BankShape): void {
  refuseBeyondLimits(banksNeed(shape));
}

/**
 * The banks that hold a device: one where it fits, else one for every 512 GiB of it.
 *
 * Fails: E_BANK_SPAN where 512 GiB of it are more than a bank holds; E_MEMORY above any limit of this
 * process, with nothing made.
 */
export class Banks {
  /** The whole device. */
  readonly shape: BankShape;
  readonly slices: Slices;
  readonly all: readonly Bank[];
  readonly router: Router;

  /** `roomBytes` more than the device needs are for `place`, over all banks together. */
  constructor(shape: BankShape, roomBytes = 0, cut: Cut = {}) {
    const slices = cutOf(shape, cut);
    const shapes = sliceShapes(shape, slices);
    const room = Math.floor(roomBytes / slices.count / PAGE_BYTES) * PAGE_BYTES;
    refuseBeyondLimits(needOf(shapes, room));
    this.shape = shape;
    this.slices = slices;
    this.all = shapes.map((each) => new Bank(each, room));
    this.router = new Router(slices, 2 ** (shape.leafOrder ?? shape.order));
  }

  /** The only one, where they are not several. */
  get first(): Bank {
    return this.all[0] as Bank;
  }

  get several(): boolean {
    return this.all.length > 1;
  }

  /** Bytes that are touched once all is prefaulted. */
  residentBytes(buffers: Buffers): number {
    const unused = this.several
      ? BUFFER_BYTES - Math.min(BUFFER_BYTES, buffers.pagesBytes + buffers.opsBytes)
      : 0;
    return this.all.reduce((sum, { bytes }) => sum + bytes - unused, 0);
  }

  /** Moves each bank's tables and struct pages: Bank.place. */
  place(random: Random): void {
    for (const bank of this.all) bank.place(random);
  }

  /** Touches what will be used, so that no timed operation is the first to. */
  prefault(buffers: Buffers): void {
    for (const bank of this.all) {
      if (this.several) bank.prefault(buffers);
      else bank.prefault();
    }
  }
}
