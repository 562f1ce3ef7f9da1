import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DaxError } from '../error.ts';
import type { FaultTrace } from './faultTrace.ts';
import { PerfScriptReader } from './perfScript.ts';

const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);
const CANNOT: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'it may not be read',
};

function fileError(file: string, error: unknown): DaxError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new DaxError(
    'E_FILE',
    `cannot read '${file}': ${CANNOT[code] ?? code}`,
    'name a file with perf-script text, plain or gzipped',
  );
}

async function startsAsGzip(file: string): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.equals(GZIP_MAGIC);
  } finally {
    await handle?.close();
  }
}

async function readAll(input: Readable, reader: PerfScriptReader): Promise<void> {
  // Trace text is ASCII; latin1 never stumbles over what is not.
  input.setEncoding('latin1');
  for await (const chunk of input) reader.feed(chunk as string);
}

/**
 * Reads a fault trace: perf-script text, plain or gzipped (told by its first bytes).
 *
 * A gzip that ends too early keeps what could be read, with a warning.
 * Fails: E_FILE, E_TRACE_EMPTY, E_TRACE_FORMAT.
 */
export async function readTrace(file: string): Promise<FaultTrace> {
  const reader = new PerfScriptReader();
  let packed = false;
  try {
    packed = await startsAsGzip(file);
    const plain = createReadStream(file);
    const unpacked = packed ? plain.pipe(createGunzip()) : plain;
    plain.on('error', (error) => unpacked.destroy(error));
    await readAll(unpacked, reader);
  } catch (error) {
    if (!packed || reader.faults === 0) throw fileError(file, error);
    reader.warn(`the gzip is damaged or ends too early: ${reader.faults} faults were read`);
  }
  return reader.finish(file);
}
