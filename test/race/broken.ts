/** Cores with one change that only several threads can show: test/mutants/threads.mjs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILDS } from '../../build/builds.mjs';
import { compileFrom } from '../../build/compile.mjs';
import type { KernelId } from '../../host/kernel.ts';
import { breakCore } from '../mutants/break.mjs';
import { THREAD_MUTANTS } from '../mutants/threads.mjs';

export interface BrokenCore {
  readonly wasm: string;
  remove(): void;
}

/** A kernel's counted build with the mutant of that name. */
export async function brokenCore(kernel: KernelId, name: string): Promise<BrokenCore> {
  const mutant = THREAD_MUTANTS.find((each) => each.name === name);
  const build = BUILDS.find((each) => each.name === `${kernel}-counted`);
  if (!mutant || !build) throw new Error(`no mutant '${name}' of ${kernel}`);
  const folder = mkdtempSync(join(tmpdir(), 'daxstorm-broken-'));
  const wasm = join(folder, `${build.name}.wasm`);
  breakCore(mutant, folder);
  await compileFrom(build, folder, wasm);
  return { wasm, remove: () => rmSync(folder, { recursive: true }) };
}
