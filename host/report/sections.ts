import type { Report } from './report.ts';
import type { Section } from './section.ts';
import { breakEvenSection } from './sections/breakEven.ts';
import { countedSection } from './sections/counted.ts';
import { emulatedSection } from './sections/emulated.ts';
import { eventsSection } from './sections/events.ts';
import { functionsSection } from './sections/functions.ts';
import { guardSection } from './sections/guard.ts';
import { ladderSection } from './sections/ladder.ts';
import { latencySection } from './sections/latency.ts';
import { mapSection } from './sections/map.ts';
import { predictionSection } from './sections/prediction.ts';
import { recordedSection } from './sections/recorded.ts';
import { scaleSection } from './sections/scale.ts';
import { setupSection } from './sections/setup.ts';
import {
  sweepCountedSection,
  sweepEmulatedSection,
  sweepPredictedSection,
  sweepRecordedSection,
} from './sections/sweep.ts';
import { traceSection } from './sections/trace.ts';

/** A report's parts in their order: what was recorded first, emulated time last. */
export const SECTIONS: readonly Section[] = [
  recordedSection,
  breakEvenSection,
  functionsSection,
  sweepRecordedSection,
  sweepPredictedSection,
  predictionSection,
  traceSection,
  mapSection,
  guardSection,
  countedSection,
  eventsSection,
  sweepCountedSection,
  emulatedSection,
  sweepEmulatedSection,
  ladderSection,
  latencySection,
  scaleSection,
  setupSection,
];

/** Whether results hold anything that a report shows, beside how they were made. */
export function hasContent(report: Report): boolean {
  return SECTIONS.some((section) => section !== setupSection && section.html(report));
}
