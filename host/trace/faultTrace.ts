/** The page faults of a recorded program, in order, one element a fault. */
export interface FaultTrace {
  /** Virtual 4 KiB page numbers. */
  readonly pages: Float64Array;
  /** x86 page-fault error codes: bit 0 protection, 1 write, 2 user, 4 instruction fetch. */
  readonly errorCodes: Uint8Array;
  readonly linesRead: number;
  /** Lines that are neither blank, comments, nor faults. */
  readonly skippedLines: number;
  readonly warnings: readonly string[];
}

/** Error-code bit of a write. */
export const WRITE_FAULT = 2;

/** Collects faults in arrays that grow by doubling: a trace may have tens of millions. */
export class FaultList {
  #pages = new Float64Array(1024);
  #errorCodes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(page: number, errorCode: number): void {
    if (this.#length === this.#pages.length) this.#grow();
    this.#pages[this.#length] = page;
    this.#errorCodes[this.#length] = errorCode;
    this.#length += 1;
  }

  pages(): Float64Array {
    return this.#pages.subarray(0, this.#length);
  }

  errorCodes(): Uint8Array {
    return this.#errorCodes.subarray(0, this.#length);
  }

  #grow(): void {
    const pages = new Float64Array(this.#length * 2);
    pages.set(this.#pages);
    this.#pages = pages;
    const errorCodes = new Uint8Array(this.#length * 2);
    errorCodes.set(this.#errorCodes);
    this.#errorCodes = errorCodes;
  }
}
