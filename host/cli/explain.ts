import { explain } from '../measure/functionFamilies.ts';
import { hotOperations, hotPairs } from '../measure/hotFunctions.ts';
import { formatExplanation, formatHotList } from '../report/explain.ts';
import { envelope } from '../report/json.ts';
import type { AlignName } from '../units.ts';
import { Command } from './command.ts';
import type { Context } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface ExplainFlags {
  readonly align?: AlignName;
  readonly json?: string | true;
}

/** Without an operation: what there is. */
function list(flags: ExplainFlags): void {
  const operations = hotOperations();
  if (flags.json === undefined) print(formatHotList(operations));
  else {
    const plain = [...operations].map(([op, aligns]) => ({ op, aligns }));
    emitJson(flags.json, { ...envelope('explain'), operations: plain });
  }
}

export function explainCommand(_context: Context): Command {
  return new Command('explain')
    .description(
      'Recorded instructions of one operation by kernel function, Linux 6.12 beside 7.3, in families: fault ' +
        'entry, VMA look-up, page-table walk and so on. Only the fourteen largest functions of each kernel ' +
        'were recorded; the rest is shown as one line. Without an operation: lists what there is.',
    )
    .argument('[OPERATION]', 'what is split: fault, munmap, pin or pinL; all are listed without')
    .completes('OPERATION', () => [...hotOperations().keys()])
    .addOption(option.alignOption().default(undefined, 'every recorded unit size'))
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm explain
  daxstorm explain munmap --align 2M    why unmapping got 3.4 times dearer
  daxstorm explain pinL --json`,
    )
    .action((op: string | undefined, flags: ExplainFlags) => {
      checkTarget(flags.json);
      if (op === undefined) {
        list(flags);
        return;
      }
      const explanations = hotPairs(op, flags.align).map(explain);
      if (flags.json === undefined) print(explanations.map(formatExplanation).join('\n\n'));
      else emitJson(flags.json, { ...envelope('explain'), explanations });
    });
}
