// The whole reference: the kernels' rules in the plainest form, from the semantics page.
import {
  A,
  D,
  firstEntry,
  isDirty,
  type Kernel,
  P,
  PAGE,
  PAGES,
  physOf,
  type Rights,
  RW,
  reprotected,
  type Size,
  SOFT_DIRTY,
  SPECIAL,
} from './entry.ts';
import { Folio } from './folio.ts';
import { joins, type Mapping, part, tidy, without } from './mapping.ts';
import { type MmapCall, place, TASK_SIZE, up } from './place.ts';
import { Space } from './space.ts';

export interface Setup {
  readonly kernel: Kernel;
  readonly size: Size;
  readonly units: number;
  readonly physBytes: bigint;
}

export interface GupCall {
  readonly pin: boolean;
  readonly write: boolean;
  readonly longterm: boolean;
  readonly mode: 'fast' | 'fastOnly' | 'slow';
}

/** '' is success. */
export type Outcome = string;

const HUGE = 1n << 21n;

export class ReferenceMachine {
  readonly setup: Setup;
  /** Bytes of one unit. */
  readonly unit: bigint;
  readonly #folios = new Map<number, Folio>();

  constructor(setup: Setup) {
    this.setup = setup;
    this.unit = PAGES[setup.size] * PAGE;
  }

  folio(unit: number): Folio {
    const known = this.#folios.get(unit);
    if (known) return known;
    const made = new Folio(this.setup.kernel, this.setup.size);
    this.#folios.set(unit, made);
    return made;
  }

  // ---- mmap (4.1 to 4.3)

  mmap(space: Space, call: MmapCall): { readonly start: bigint } | { readonly errno: string } {
    const length = up(call.length, PAGE);
    if (length === 0n || call.offset % PAGE || (call.fixed !== 'no' && call.address % PAGE)) {
      return { errno: 'EINVAL' };
    }
    if (call.fixed !== 'no' && call.address + length > TASK_SIZE) return { errno: 'ENOMEM' };
    if (call.mode === 'w') return { errno: 'EACCES' };
    if (call.shared && call.rights.write && call.mode === 'r') return { errno: 'EACCES' };
    const start = place(space, call, length, this.unit);
    const end = start + length;
    const covered = space.overlapping(start, end);
    if (call.fixed === 'noreplace' && covered.length > 0) return { errno: 'EEXIST' };
    if (!call.shared || start % this.unit || end % this.unit) return { errno: 'EINVAL' };
    if (covered.length > 0 && this.munmap(space, start, length) !== '') return { errno: 'EINVAL' };
    const { rights } = call;
    const mapping = {
      start,
      end,
      offset: call.offset / PAGE,
      rights,
      mayWrite: call.mode === 'rw',
    };
    space.mappings = tidy([...space.mappings, mapping]);
    if (call.populate) this.populate(space, start, length, false);
    return { start };
  }

  // ---- cutting mappings (4.4)

  #mayCut(mapping: Mapping, at: bigint): boolean {
    return at <= mapping.start || at >= mapping.end || at % this.unit === 0n;
  }

  munmap(space: Space, start: bigint, lengthBytes: bigint): Outcome {
    if (start % PAGE || lengthBytes <= 0n) return 'EINVAL';
    const end = start + up(lengthBytes, PAGE);
    const hit = space.overlapping(start, end);
    if (hit.some((each) => !this.#mayCut(each, start) || !this.#mayCut(each, end))) return 'EINVAL';
    const pieces = hit.flatMap((each) => part(each, start, end) ?? []);
    const [first] = pieces;
    const last = pieces.at(-1);
    if (!first || !last) return '';
    this.#zap(space, first.start, last.end);
    space.mappings = tidy(without(space.mappings, start, end));
    const floor = space.mappings.filter((each) => each.end <= first.start).at(-1)?.end ?? 0n;
    const ceiling = space.mappings.find((each) => each.start >= last.end)?.start;
    space.freeTables(first.start, last.end, floor, ceiling);
    return '';
  }

  mprotect(space: Space, start: bigint, lengthBytes: bigint, rights: Rights): Outcome {
    if (start % PAGE) return 'EINVAL';
    const end = start + up(lengthBytes, PAGE);
    for (let at = start; at < end; ) {
      const mapping = space.at(at);
      if (!mapping) return 'ENOMEM';
      const to = mapping.end < end ? mapping.end : end;
      if (rights.write && !mapping.mayWrite) return 'EACCES';
      const done = this.#protectPart(space, mapping, at, to, rights);
      if (done !== '') return done;
      at = to;
    }
    return '';
  }

  #protectPart(space: Space, mapping: Mapping, from: bigint, to: bigint, rights: Rights): Outcome {
    const old = mapping.rights;
    const same = old.read === rights.read && old.write === rights.write && old.exec === rights.exec;
    if (same) return '';
    const piece = part(mapping, from, to);
    if (!piece) return '';
    const changed = { ...piece, rights };
    // A neighbour that has the new rights takes the part over: no split, so nothing asks may_split.
    const moved =
      (from === mapping.start && space.mappings.some((each) => joins(each, changed))) ||
      (to === mapping.end && space.mappings.some((each) => joins(changed, each)));
    if (!moved && !(this.#mayCut(mapping, from) && this.#mayCut(mapping, to))) return 'EINVAL';
    const others = space.mappings.filter((each) => each !== mapping);
    space.mappings = tidy([...others, ...without([mapping], from, to), changed]);
    for (const [at, entry] of this.#leavesIn(space, from, to)) {
      if (at < from || at + this.unit > to) this.#drop(space, at);
      else space.leaves.set(at, reprotected(this.setup.kernel, this.setup.size, entry, rights));
    }
    return '';
  }

  // ---- leaves

  #leavesIn(space: Space, start: bigint, end: bigint): readonly (readonly [bigint, bigint])[] {
    return [...space.leaves]
      .filter(([at]) => at < end && start < at + this.unit)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #folioOf(entry: bigint): Folio {
    return this.folio(Number((physOf(entry) - this.setup.physBytes) / this.unit));
  }

  /** Whole leaves of a range go (7.2). */
  #zap(space: Space, start: bigint, end: bigint): void {
    for (const [at, entry] of this.#leavesIn(space, start, end)) {
      if (at < start || at + this.unit > end) {
        this.#drop(space, at);
        continue;
      }
      const folio = this.#folioOf(entry);
      space.leaves.delete(at);
      folio.leaves -= 1;
      if (this.setup.kernel === 'devmap' || this.setup.size === '1G') continue;
      if (isDirty(entry)) folio.dirty = true;
      if (entry & A) folio.accessed();
    }
  }

  /** A leaf of which a part was hit is removed whole (7.4). */
  #drop(space: Space, at: bigint): void {
    const entry = space.leaves.get(at) ?? 0n;
    const folio = this.#folioOf(entry);
    space.leaves.delete(at);
    folio.leaves -= 1;
    if (this.setup.kernel === 'devmap') return;
    if (isDirty(entry)) folio.dirty = true;
    if (entry & A) folio.referenced = true;
  }

  dontneed(space: Space, start: bigint, lengthBytes: bigint): Outcome {
    const end = start + lengthBytes;
    for (const each of space.overlapping(start, end)) {
      const piece = part(each, start, end);
      if (!piece) continue;
      this.#zap(space, piece.start, piece.end);
      // 7.4: the refcount kernel's DONTNEED frees the PTE tables it empties.
      if (this.setup.kernel === 'devmap' || this.setup.size !== '4K') continue;
      for (let slot = up(piece.start, HUGE); slot + HUGE <= piece.end; slot += HUGE) {
        space.drop('pte', slot);
      }
    }
    return '';
  }

  // ---- faults (5)

  /** '' or SIGBUS. */
  #fault(space: Space, mapping: Mapping, va: bigint, write: boolean): Outcome {
    const { kernel, size, physBytes } = this.setup;
    const at = va - (va % this.unit);
    space.need('pud', va);
    if (mapping.start % this.unit || mapping.end % this.unit) return 'SIGBUS';
    if (size !== '1G') space.need('pmd', va);
    const page = mapping.offset + (at - mapping.start) / PAGE;
    if (page + PAGES[size] > BigInt(this.setup.units) * PAGES[size]) return 'SIGBUS';
    if (size === '4K') space.need('pte', va);
    const folio = this.folio(Number(page / PAGES[size]));
    if (!folio.mapped) {
      folio.mapped = true;
      folio.index = page;
    }
    folio.leaves += 1;
    const phys = physBytes + page * PAGE;
    space.leaves.set(at, firstEntry(kernel, size, phys, mapping.rights, write));
    return '';
  }

  access(space: Space, va: bigint, kind: 'read' | 'write' | 'exec'): Outcome {
    const mapping = space.at(va);
    if (!mapping) return 'SIGSEGV MAPERR';
    const { read, write, exec } = mapping.rights;
    const allowed = kind === 'write' ? write : kind === 'exec' ? exec : read || write || exec;
    if (!allowed) return 'SIGSEGV ACCERR';
    const at = va - (va % this.unit);
    if (!space.leaves.has(at)) {
      const failed = this.#fault(space, mapping, va, kind === 'write');
      if (failed !== '') return `${failed} ADRERR`;
    }
    // The hardware sets A and D.
    const bits = kind === 'write' ? A | D : A;
    space.leaves.set(at, (space.leaves.get(at) ?? 0n) | bits);
    return '';
  }

  populate(space: Space, start: bigint, lengthBytes: bigint, write: boolean): Outcome {
    const end = start + lengthBytes;
    for (const each of space.overlapping(start, end)) {
      const piece = part(each, start, end);
      if (!piece) continue;
      const { read, write: writable, exec } = each.rights;
      if (write ? !writable : !(read || writable || exec)) return 'EFAULT';
      for (let va = piece.start; va < piece.end; va = va - (va % this.unit) + this.unit) {
        if (!this.#faultIn(space, each, va, write)) return 'EFAULT';
        if (this.setup.kernel === 'devmap') this.#touchEntry(space, va, write);
        else this.#touch(space, va, write);
      }
    }
    return '';
  }

  // ---- get_user_pages (6)

  #faultIn(space: Space, mapping: Mapping, va: bigint, write: boolean): boolean {
    const entry = space.leaves.get(va - (va % this.unit));
    if (entry !== undefined) return true;
    return this.#fault(space, mapping, va, write) === '';
  }

  #touchEntry(space: Space, va: bigint, write: boolean): void {
    const at = va - (va % this.unit);
    const bits = write ? A | D | SOFT_DIRTY : A;
    space.leaves.set(at, (space.leaves.get(at) ?? 0n) | bits);
  }

  /** FOLL_TOUCH (6.4). */
  #touch(space: Space, va: bigint, write: boolean): void {
    const { kernel, size } = this.setup;
    const entry = space.leaves.get(va - (va % this.unit)) ?? 0n;
    if (size === '4K') {
      const folio = this.#folioOf(entry);
      if (write && !(entry & D)) folio.dirty = true;
      folio.accessed();
    } else if (size === '2M' || kernel === 'devmap') this.#touchEntry(space, va, write);
  }

  #fastAllows(entry: bigint | undefined, call: GupCall): boolean {
    if (entry === undefined || !(entry & P)) return false;
    if (call.write && !(entry & RW)) return false;
    if (this.setup.kernel !== 'devmap' && (entry & SPECIAL) !== 0n) return false;
    if (!call.longterm) return true;
    if (this.setup.kernel === 'devmap') return false;
    // A file-backed folio may not be pinned longterm for writing here; a read needs a writable entry.
    return !call.write && (entry & RW) !== 0n;
  }

  #grab(entry: bigint, va: bigint, call: GupCall): number {
    const folio = this.#folioOf(entry);
    if (call.pin) folio.pins += 1;
    else folio.gets += 1;
    const inUnit = (va % this.unit) / PAGE;
    return Number((physOf(entry) - this.setup.physBytes) / PAGE + inUnit);
  }

  gup(
    space: Space,
    from: bigint,
    pages: number,
    call: GupCall,
  ): { pages: number[]; errno: Outcome } {
    const got: number[] = [];
    const end = from + BigInt(pages) * PAGE;
    let va = from;
    if (call.mode !== 'slow') {
      for (; va < end; va += PAGE) {
        const entry = space.leaves.get(va - (va % this.unit));
        if (entry === undefined || !this.#fastAllows(entry, call)) break;
        got.push(this.#grab(entry, va, call));
        this.#folioOf(entry).referenced = true;
      }
    }
    let errno = '';
    if (call.mode !== 'fastOnly') {
      for (; va < end && errno === ''; va += PAGE) errno = this.#slowPage(space, va, call, got);
    }
    return { pages: got, errno: got.length > 0 ? '' : errno };
  }

  #slowPage(space: Space, va: bigint, call: GupCall, got: number[]): Outcome {
    const mapping = space.at(va);
    if (!mapping || !(call.write ? mapping.rights.write : mapping.rights.read)) return 'EFAULT';
    if (!this.#faultIn(space, mapping, va, call.write)) return 'EFAULT';
    got.push(this.#grab(space.leaves.get(va - (va % this.unit)) ?? 0n, va, call));
    this.#touch(space, va, call.write);
    return '';
  }

  release(pages: readonly number[], pin: boolean): void {
    for (const page of pages) {
      const folio = this.folio(Math.floor(page / Number(PAGES[this.setup.size])));
      if (pin) folio.pins -= 1;
      else folio.gets -= 1;
    }
  }

  // ---- processes (8)

  fork(parent: Space): Space {
    const child = new Space();
    child.mappings = parent.mappings;
    return child;
  }

  exit(space: Space): void {
    const [first] = space.mappings;
    const last = space.mappings.at(-1);
    if (first && last) this.munmap(space, first.start, last.end - first.start);
  }

  /** MM_FILEPAGES: the refcount kernel charges what is mapped (5.5). */
  filePages(space: Space): number {
    return this.setup.kernel === 'devmap' ? 0 : space.leaves.size * Number(PAGES[this.setup.size]);
  }
}
