import { CommanderError } from 'commander';
import { DaxError } from '../error.ts';
import { Command } from './command.ts';
import { quiet, reportFailure } from './failure.ts';

/** A program of one command that developers run as `npm run NAME --`, with options as daxstorm's own. */
export function makeTool(name: string): Command {
  const tool = new Command(`npm run ${name}`)
    .usage('-- [options]')
    .helpOption('-h, --help', 'print this help');
  quiet(tool, `${tool.name()} --`);
  return tool;
}

/** Runs it. What is no user's mistake is thrown: developers want to see where it came from. */
export async function runTool(tool: Command): Promise<void> {
  try {
    await tool.parseAsync();
  } catch (error) {
    if (!(DaxError.is(error) || error instanceof CommanderError)) throw error;
    reportFailure(tool.name(), error);
  }
}
