import { DaxError } from '../error.ts';
import type { KernelId } from '../kernel.ts';
import { access } from '../syscall/access.ts';
import { type Device, dynamicDevice, withoutCompoundPages } from '../syscall/device.ts';
import { gup, release } from '../syscall/gup.ts';
import { munmap } from '../syscall/munmap.ts';
import { ALIGNS, type AlignName, PAGE_BYTES } from '../units.ts';
import { folioWords, snapshot, WORDS } from '../wasm/structPage.ts';
import { walk } from '../wasm/walk.ts';
import { type FieldHistory, type PageHistory, pageHistories } from './history.ts';
import { mapAgain, type Stage, setUp, unguardedBuild } from './stage.ts';

export type Grab = 'get' | 'pin';
export type RefcountedKernel = Exclude<KernelId, 'devmap'>;

export interface GuardQuestion {
  /** Unit of the device: what a leaf maps. 4K units have folios of the right order anyway. */
  readonly align: Exclude<AlignName, '4K'>;
  readonly kernel: RefcountedKernel;
  readonly grabs: readonly Grab[];
  /** First page that is got or pinned, and how many, of the one leaf that is mapped. */
  readonly firstPage: number;
  readonly pages: number;
}

/** The first touch, where the guard is in. */
export interface Refusal {
  readonly kernel: RefcountedKernel;
  readonly signal: string;
  /** What the kernel's log has, each once. */
  readonly warnings: readonly string[];
  /** References, charges and page tables besides: none where it is right. */
  readonly leaf: boolean;
  readonly filePages: number;
  readonly ranges: readonly PageHistory[];
}

export const GUARD_STEPS = ['bound', 'mapping set', 'mapped', 'grabbed', 'released', 'unmapped'];

/** What is wrong with a page at the end; the worst first. */
export const DAMAGES = ['overwritten', 'underflow', 'leaked', 'repaired', 'none'] as const;
export type Damage = (typeof DAMAGES)[number];

/** A run of pages to which the same happened. */
export interface DamagedRange extends PageHistory {
  readonly damage: Damage;
  /** _refcount at the end less what it was when bound. */
  readonly refcountDelta: number;
  /** Puts that took the count to 0, which was set back to 1 at once: no state shows it. */
  readonly zeroPuts: number;
  /** Folio counters that were kept in this page's other fields meanwhile. */
  readonly overwrittenAs: readonly string[];
}

/** A leaf mapped, its pages got or pinned and given back, and unmapped. */
export interface GuardRun {
  readonly kernel: KernelId;
  readonly grab: Grab;
  readonly leaf: string;
  /** Pages the grab answered. */
  readonly grabbed: number;
  readonly warnings: readonly string[];
  readonly ranges: readonly DamagedRange[];
  /** The last of the pages grabbed once more, after all was given back: what its next user sees. */
  readonly again: {
    readonly page: number;
    readonly grabbed: boolean;
    readonly warnings: readonly string[];
  };
}

export interface GuardReport extends Omit<GuardQuestion, 'grabs'> {
  readonly unitPages: number;
  readonly refusal: Refusal;
  readonly runs: readonly GuardRun[];
}

/** A unit besides the one that is mapped: nothing may happen to it. */
const UNITS = 2;

/** Checks what is asked for. Fails: E_VALUE where the pages are not all of one leaf. */
function refuse({ align, firstPage, pages }: GuardQuestion, { unitBytes }: Device): void {
  const unitPages = unitBytes / PAGE_BYTES;
  if (pages >= 1 && firstPage + pages <= unitPages) return;
  throw new DaxError(
    'E_VALUE',
    `pages ${firstPage} to ${firstPage + pages - 1} are not all in one ${align} leaf of ${unitPages}`,
    `use --first-page and --pin-pages that together are at most ${unitPages}`,
  );
}

/** The guarded kernel's answer, and what the fault had written before it was refused. */
function refusal(kernel: RefcountedKernel, device: Device) {
  const { system, process, vma } = setUp({ kernel, device });
  const { machine } = system;
  const bound = snapshot(machine.bank);
  const { signal = 'none' } = access(process, vma.start, 'write');
  const mappingSet = snapshot(machine.bank);
  const found: Refusal = {
    kernel,
    signal,
    warnings: machine.warnings(),
    leaf: walk(machine.bank, process.mm, vma.start).leaf !== undefined,
    filePages: machine.filePages(process.mm),
    ranges: pageHistories([bound, mappingSet]),
  };
  return { found, bound, mappingSet };
}

/** Gives the pages back, one put a page for references; answers which counts a put took to 0. */
function giveBack({ system, process }: Stage, pages: readonly number[], grab: Grab): Set<number> {
  const { machine } = system;
  const zeroed = new Set<number>();
  if (grab === 'pin') release(process, pages, true);
  else {
    for (const page of pages) {
      const before = machine.zeroPuts;
      release(process, [page], false);
      if (machine.zeroPuts > before) zeroed.add(page);
    }
  }
  return zeroed;
}

function refcountOf(history: readonly FieldHistory[], step: number): number | undefined {
  const values = history.find(({ field }) => field === '_refcount')?.values;
  return values && Number(values.at(step));
}

/** Folio counters whose words in the page were written after the driver's own stores. */
function overwrittenAs(
  images: readonly Uint32Array[],
  page: number,
  words: ReadonlyMap<number, string>,
): readonly string[] {
  const [, mappingSet, ...later] = images as [Uint32Array, Uint32Array, ...Uint32Array[]];
  const names = new Set<string>();
  for (const [word, name] of words) {
    const at = page * WORDS + word;
    if (later.some((image) => image[at] !== mappingSet[at])) names.add(name);
  }
  return [...names];
}

/** What happened to a range, told from its states alone. */
function judge(
  range: PageHistory,
  images: readonly Uint32Array[],
  zeroed: ReadonlySet<number>,
  words: ReadonlyMap<number, string>,
): DamagedRange {
  const before = refcountOf(range.fields, 0) ?? 0;
  const refcountDelta = (refcountOf(range.fields, -1) ?? before) - before;
  const overwritten = overwrittenAs(images, range.first, words);
  const zeroPuts = zeroed.has(range.first) ? 1 : 0;
  let damage: Damage = 'none';
  if (overwritten.length > 0) damage = 'overwritten';
  else if (refcountDelta < 0) damage = 'underflow';
  else if (refcountDelta > 0) damage = 'leaked';
  else if (zeroPuts > 0) damage = 'repaired';
  return { ...range, damage, refcountDelta, zeroPuts, overwrittenAs: overwritten };
}

interface Ask {
  readonly kernel: KernelId;
  readonly grab: Grab;
  readonly question: GuardQuestion;
}

/** Map, grab, give back, unmap; `before` are the states bound and mapping set. */
function history(stage: Stage, ask: Ask, before: readonly Uint32Array[]): GuardRun {
  const { system, process, vma } = stage;
  const { machine, device } = system;
  const { firstPage, pages } = ask.question;
  const images = [...before];
  const see = (): void => {
    images.push(snapshot(machine.bank));
  };
  const request = { pin: ask.grab === 'pin', write: true, longterm: false, mode: 'fast' } as const;
  const grab = (page: number, count: number): readonly number[] =>
    gup(process, vma.start + BigInt(page * PAGE_BYTES), count, request).pages;
  access(process, vma.start, 'write');
  see();
  const leaf = walk(machine.bank, process.mm, vma.start).leaf?.entry ?? 0n;
  const grabbed = grab(firstPage, pages);
  see();
  const zeroed = giveBack(stage, grabbed, ask.grab);
  see();
  munmap(process, vma.start, BigInt(device.unitBytes));
  see();
  const words = folioWords(ask.kernel);
  const ranges = pageHistories(images, (page) => zeroed.has(page)).map((range) =>
    judge(range, images, zeroed, words),
  );
  const warnings = machine.warnings();
  const last = firstPage + pages - 1;
  mapAgain(stage);
  const again = grab(last, 1).length === 1;
  return {
    kernel: ask.kernel,
    grab: ask.grab,
    leaf: `0x${leaf.toString(16)}`,
    grabbed: grabbed.length,
    warnings,
    ranges,
    again: {
      page: last,
      grabbed: again,
      warnings: machine.warnings().filter((name) => !warnings.includes(name)),
    },
  };
}

/**
 * Huge leaves over struct pages that no driver ever made compound pages of, under the order guard and
 * without it, and on the devmap kernel, which never looks. Everything told is the difference between
 * states of the emulated struct pages, byte for byte.
 *
 * Source: semantics 1.3, 1.4. Fails: E_VALUE where the pages are not all of one leaf.
 */
export async function guardReport(question: GuardQuestion): Promise<GuardReport> {
  const { align, kernel, grabs, firstPage, pages } = question;
  const whole = dynamicDevice(align, UNITS * ALIGNS[align]);
  refuse(question, whole);
  const device = withoutCompoundPages(whole);
  const wasm = await unguardedBuild(kernel);
  const { found, bound, mappingSet } = refusal(kernel, device);
  const run = (grab: Grab, which: KernelId): GuardRun => {
    const own = which === 'devmap' ? undefined : wasm;
    const stage = setUp({ kernel: which, device, wasm: own });
    return history(stage, { kernel: which, grab, question }, [bound, mappingSet]);
  };
  const runs = grabs.flatMap((grab) => [run(grab, kernel), run(grab, 'devmap')]);
  const unitPages = whole.unitBytes / PAGE_BYTES;
  return { align, kernel, firstPage, pages, unitPages, refusal: found, runs };
}
