import type { GateRow } from '../../gate/confirm.ts';
import type { GateResult } from '../../gate/gate.ts';
import { failures } from '../../gate/moves.ts';
import { groupMoves, sayDelta, sayVerdict } from './words.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function xml(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => ENTITIES[mark] as string);
}

interface Case {
  readonly name: string;
  readonly failure?: string | undefined;
  readonly skipped?: string | undefined;
}

function caseXml(suite: string, { name, failure, skipped }: Case): string {
  const open = `    <testcase classname="daxstorm.gate.${suite}" name="${xml(name)}"`;
  if (failure !== undefined)
    return `${open}>\n      <failure message="${xml(failure)}"/>\n    </testcase>`;
  if (skipped !== undefined)
    return `${open}>\n      <skipped message="${xml(skipped)}"/>\n    </testcase>`;
  return `${open}/>`;
}

function suiteXml(suite: string, cases: readonly Case[]): string {
  const failed = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter(({ skipped: why }) => why !== undefined).length;
  return [
    `  <testsuite name="${suite}" tests="${cases.length}" failures="${failed}" errors="0" skipped="${skipped}">`,
    ...cases.map((each) => caseXml(suite, each)),
    '  </testsuite>',
  ].join('\n');
}

/** A case for each operation of each scenario and kernel, and for each build. */
function countCases({ counts, violation }: GateResult): readonly Case[] {
  if (violation) return [{ name: violation.path, failure: `invariant: ${violation.text}` }];
  if (typeof counts === 'string') return [{ name: 'counts', skipped: counts }];
  const { scenarios, artifacts } = counts.counts;
  const places = scenarios.flatMap(({ name, operations }) =>
    operations.map(({ kernel, operation }) => `${name}/${kernel}/${operation}`),
  );
  const failing = failures(counts);
  return [...places, ...artifacts.map(({ name }) => name)].map((place): Case => {
    const own = groupMoves(failing.filter((move) => move.place === place));
    const text = own.map(({ title, from, to }) => `${title} ${from} → ${to}`).join('; ');
    return { name: place, failure: own.length > 0 ? text : undefined };
  });
}

function timeCase(row: GateRow): Case {
  const text = `${sayDelta(row.ratio)}, ${sayVerdict(row)}`;
  if (row.verdict === 'regression') return { name: row.path, failure: text };
  if (row.verdict === 'inconclusive' || row.verdict === 'unresolved')
    return { name: row.path, skipped: text };
  return { name: row.path };
}

function timeCases({ timing }: GateResult): readonly Case[] {
  if (typeof timing === 'string') return [{ name: 'timing', skipped: timing }];
  return timing.rows.map(timeCase);
}

/** A gate's result as JUnit XML; what was not decided is skipped, never passed. */
export function gateJunit(result: GateResult): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="daxstorm gate">',
    suiteXml('counts', countCases(result)),
    suiteXml('timing', timeCases(result)),
    '</testsuites>',
    '',
  ].join('\n');
}
