// Ctrl-C and SIGTERM: every long command stops after the block in hand, prints what it has, exits 130.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { MAIN } from './spawn.ts';

interface Ended {
  readonly status: number | null;
  readonly killed: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

// A process waits for its turn on a loaded machine; how far it came is what counts.
vi.setConfig({ testTimeout: 240_000 });

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
type Stop = keyof typeof SIGNALS;

/** Whether the process has a handler of a signal; of SIGINT Node itself has one from the start. */
function listens(pid: number, signal: Stop): boolean {
  const file = `/proc/${pid}/status`;
  const caught =
    existsSync(file) && /^SigCgt:\s+([0-9a-f]+)/m.exec(readFileSync(file, 'utf8'))?.[1];
  return !!caught && (BigInt(`0x${caught}`) >> BigInt(SIGNALS[signal] - 1)) % 2n === 1n;
}

/** Milliseconds of processor time that a process has had: how far it came, however slow the machine. */
function cpuMs(pid: number): number {
  const file = `/proc/${pid}/stat`;
  const fields = existsSync(file)
    ? readFileSync(file, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
    : [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

/** Waits until it listens and has worked for so long. */
async function ready(child: ChildProcess, signal: Stop, workedMs: number): Promise<void> {
  const pid = child.pid ?? 0;
  while (child.exitCode === null && (!listens(pid, signal) || cpuMs(pid) < workedMs))
    await setTimeout(5);
}

/** Runs a command, stops it when it has worked for so long, and once more at its word where that is asked. */
async function stopped(
  args: readonly string[],
  {
    signal = 'SIGINT',
    workedMs = 0,
    twice = false,
  }: { signal?: Stop; workedMs?: number; twice?: boolean },
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (more: string) => {
      text[name] += more;
      if (twice && name === 'stderr') child.kill(signal);
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, killed) => resolve({ status, killed, ...text }));
  });
  await ready(child, signal, workedMs);
  child.kill(signal);
  return ended;
}

const LONG: readonly (readonly [command: string, signal: Stop, prints: RegExp])[] = [
  ['compare --time 60', 'SIGINT', /write fault, a 4K leaf/],
  ['storm --time 60', 'SIGTERM', /minor faults +262,144/],
  ['run vm-vfio --time 60', 'SIGINT', /VM boot with VFIO/],
  ['ladder --align 2M --time 60', 'SIGTERM', /./],
  ['replay --time 60', 'SIGINT', /36,808 faults/],
  ['report --align 2M --time 60', 'SIGTERM', /munmap/],
  ['doctor --time 60', 'SIGINT', /What it can hold/],
  ['demo --time 60', 'SIGTERM', /write fault, a 4K leaf/],
];

test.each(LONG)('%s, %s', async (command, signal, prints) => {
  const { status, stdout, stderr } = await stopped(command.split(' '), { signal, workedMs: 1500 });
  expect(stderr).toBe('stopping after the block in hand; Ctrl-C again quits at once\n');
  expect(status).toBe(130);
  expect(stdout).toMatch(prints);
  expect(stdout).not.toContain('NaN');
});

/* Half of these is nothing: they print no part of an answer. By then daxstorm itself listens. */
const STARTED_MS = 500;

test.each([['validate'], ['plan optane-2s'], ['gate']])('%s, at once', async (command) => {
  const { status, stderr } = await stopped(command.split(' '), { workedMs: STARTED_MS });
  expect(stderr).toContain('stopping after the block in hand');
  expect(status).toBe(130);
});

test('JSON of an interrupted run is whole, and says that it was', async () => {
  const args = ['compare', '--align', '2M', '--time', '60', '--json'];
  const { status, stdout } = await stopped(args, { workedMs: 1500 });
  expect(status).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'compare',
    comparisons: [{ interrupted: true }],
  });
});

test('the second Ctrl-C ends it at once', async () => {
  const args = ['compare', '--align', '4K', '--time', '60'];
  let killed: NodeJS.Signals | null = null;
  // It may have come to its end before the second arrives.
  for (let i = 0; i < 5 && killed === null; i++)
    ({ killed } = await stopped(args, { twice: true, workedMs: 1500 }));
  expect(killed).toBe('SIGINT');
});
