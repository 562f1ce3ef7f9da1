import type { Markup } from './html/markup.ts';
import type { Report } from './report.ts';

/** The kinds of number, never mixed: each section is of one kind, or tells facts that are none. */
export type NumberKind = 'recorded' | 'counted' | 'predicted' | 'emulated';

/** One part of a report: its own file under sections/, and a row in sections.ts. */
export interface Section {
  /** Its address in the page. */
  readonly id: string;
  readonly title: string;
  readonly kind?: NumberKind;
  /** What to show of these results; undefined where they hold nothing for it. */
  readonly html: (report: Report) => Markup | undefined;
  /** The same for a cover letter, in few lines of at most 80 columns; many sections have none. */
  readonly markdown?: (report: Report) => string | undefined;
}
