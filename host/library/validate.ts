import {
  ownRecordings,
  type Validation,
  validate as validateRecordings,
} from '../cost/validation.ts';
import { readRecordings } from '../measure/recorded.ts';

/**
 * Every recorded operation of real kernels beside what the cost model predicts for it, and the
 * errors; of the recordings that ship, or of a folder of icount-RELEASE.jsonl files.
 *
 * Fails: E_RECORDING, E_FILE for the folder.
 */
export function validate(folder?: string): Validation {
  return validateRecordings(folder === undefined ? ownRecordings() : readRecordings(folder));
}
