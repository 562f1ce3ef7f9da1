import { Option } from 'commander';
import { htmlReport } from '../report/html/page.ts';
import { markdownReport } from '../report/letter.ts';
import { makeReport } from '../report/report.ts';
import type { Result } from '../report/schema/result.ts';
import { checkTarget, emitText } from './output.ts';

/** Where a report goes; the same flags in every command that can make one. */
export interface ReportTargets {
  readonly html?: string;
  readonly markdown?: string | true;
}

export const htmlOption = () =>
  new Option('--html <file>', 'write the report as one self-contained HTML file');

export const markdownOption = () =>
  new Option('--markdown [file]', 'print the report as Markdown for a mail, or write it to a file');

/** Before the work: can the files be written? Fails: E_FILE. */
export function checkReportTargets({ html, markdown }: ReportTargets): void {
  checkTarget(html);
  checkTarget(markdown);
}

/** Writes the report of these results wherever it is wanted. */
export function emitReports({ html, markdown }: ReportTargets, results: readonly Result[]): void {
  const report = makeReport(results);
  if (html !== undefined) emitText(html, htmlReport(report));
  if (markdown !== undefined) emitText(markdown, markdownReport(report));
}
