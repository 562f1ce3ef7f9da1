// A Slurm of one node on loopback, in a folder of its own: own configuration, munge key and ports, as
// whoever starts it. Nothing of it outlives stop().
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, freemem, hostname, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What there must be; Debian's slurm-wlm and munge bring it. */
const PROGRAMS = [
  'munged',
  'slurmctld',
  'slurmd',
  'sbatch',
  'scancel',
  'scontrol',
  'sinfo',
  'squeue',
];

/** Daemons are often in folders that only root has on the path. */
const PATH = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter);

/** @param {string} program */
function isThere(program) {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** The programs of Slurm that this machine lacks. */
export function missingPrograms() {
  return PROGRAMS.filter((each) => !isThere(each));
}

/**
 * Ports of loopback that nobody listens on.
 *
 * @param {number} count
 */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        /** @type {Promise<number>} */ (
          new Promise((resolve, reject) => {
            server.once('error', reject).listen(0, '127.0.0.1', () => {
              const address = server.address();
              resolve(typeof address === 'object' && address ? address.port : 0);
            });
          })
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/**
 * @param {string} folder
 * @param {readonly number[]} ports
 */
function configuration(folder, [controlPort, nodePort]) {
  const [host = 'localhost'] = hostname().split('.');
  const user = userInfo().username;
  const memoryMb = Math.floor(freemem() / 2 ** 20);
  return `ClusterName=daxstorm
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controlPort}
SlurmdPort=${nodePort}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
PlugStackConfig=${folder}/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} RealMemory=${memoryMb} State=UNKNOWN
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`;
}

export class Cluster {
  /** @type {import('node:child_process').ChildProcess[]} */
  #daemons = [];

  /**
   * @param {string} folder empty
   * @param {Readonly<Record<string, string>>} environment of the commands that run on it
   */
  constructor(folder, environment) {
    this.folder = folder;
    this.environment = {
      ...process.env,
      PATH,
      ...environment,
      SLURM_CONF: join(folder, 'slurm.conf'),
    };
  }

  /** Starts the daemons; answers when the node takes jobs. */
  async start() {
    const { folder } = this;
    // munged wants its socket where every user could reach it; the key stays its owner's.
    chmodSync(folder, 0o711);
    for (const name of ['state', 'spool']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'munge.key'), randomBytes(128), { mode: 0o600 });
    writeFileSync(join(folder, 'plugstack.conf'), '');
    writeFileSync(join(folder, 'slurm.conf'), configuration(folder, await freePorts(2)));
    const munge = ['socket', 'pid-file', 'log-file', 'seed-file'].map(
      (name) => `--${name}=${folder}/munge.${name.replace('-file', '')}`,
    );
    this.#daemon('munged', ['--foreground', `--key-file=${folder}/munge.key`, ...munge]);
    await this.#until('munge', () => isThereFile(`${folder}/munge.socket`));
    this.#daemon('slurmctld', ['-D']);
    this.#daemon('slurmd', ['-D']);
    await this.#until('the node', () => /^idle$/.test(this.tell('sinfo', ['-h', '-o', '%T'])));
  }

  /**
   * What a command of Slurm prints; empty where it fails.
   *
   * @param {string} program
   * @param {readonly string[]} args
   */
  tell(program, args) {
    try {
      return this.run(program, args);
    } catch {
      return '';
    }
  }

  /**
   * @param {string} program
   * @param {readonly string[]} args
   */
  run(program, args, cwd = this.folder) {
    const env = this.environment;
    const options = /** @type {const} */ ({ encoding: 'utf8', stdio: 'pipe' });
    return execFileSync(program, args, { cwd, env, ...options }).trim();
  }

  /** Ends every job, then every daemon, by its pid. */
  async stop() {
    const jobs = this.tell('squeue', ['-h', '-o', '%A']).split('\n').filter(Boolean);
    for (const job of jobs) this.tell('scancel', [job]);
    for (let tries = 0; tries < 100 && this.tell('squeue', ['-h']) !== ''; tries++)
      await sleep(100);
    for (const daemon of this.#daemons.reverse()) await end(daemon);
  }

  /**
   * @param {string} program
   * @param {readonly string[]} args
   */
  #daemon(program, args) {
    const log = openSync(join(this.folder, `${program}.out`), 'a');
    this.#daemons.push(
      spawn(program, args, { env: this.environment, stdio: ['ignore', log, log] }),
    );
    closeSync(log);
  }

  /**
   * @param {string} what
   * @param {() => boolean} isSo
   */
  async #until(what, isSo) {
    for (let tries = 0; tries < 300; tries++) {
      const gone = this.#daemons.find(({ exitCode }) => exitCode !== null);
      if (gone) throw new Error(`${gone.spawnfile} ended with status ${gone.exitCode}`);
      if (isSo()) return;
      await sleep(100);
    }
    throw new Error(`${what} did not come up in 30 s`);
  }
}

/** @param {string} file */
function isThereFile(file) {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  const late = sleep(5000, 'late', { ref: false });
  if ((await Promise.race([closed, late])) === 'late') child.kill('SIGKILL');
  await closed;
}
