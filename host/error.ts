/** Codes are stable: scripts match on them. Add new ones, never rename. */
export type ErrorCode =
  | 'E_ABI'
  | 'E_ADDRESS'
  | 'E_ALIGN'
  | 'E_BANK_SPAN'
  | 'E_BASELINE'
  | 'E_CORE'
  | 'E_DEVICE_SIZE'
  | 'E_FILE'
  | 'E_MEMORY'
  | 'E_NOT_BUILT'
  | 'E_PLAN'
  | 'E_RECORDING'
  | 'E_RESULT'
  | 'E_SCENARIO'
  | 'E_SCENARIO_MATRIX'
  | 'E_SCENARIO_SYNTAX'
  | 'E_SIZE_SYNTAX'
  | 'E_STORM'
  | 'E_SWEEP'
  | 'E_SWEEP_MISSING'
  | 'E_SWEEP_MIXED'
  | 'E_SWEEP_TWICE'
  | 'E_SYSCALL'
  | 'E_TRACE_EMPTY'
  | 'E_TRACE_FORMAT'
  | 'E_USAGE'
  | 'E_VALUE';

const BRAND = Symbol.for('daxstorm.error');

/**
 * What a user did wrong, in one line, with what to type next.
 *
 * Why: commands print it as it stands and exit with status 2; nobody sees a stack trace.
 */
export class DaxError extends Error {
  /** Which kind of mistake; stable. */
  readonly code: ErrorCode;
  /** What to type or change next; printed after the message. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string) {
    super(message);
    this.name = 'DaxError';
    this.code = code;
    this.hint = hint;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for a DaxError of any copy of this package, where `instanceof` fails. */
  static is(value: unknown): value is DaxError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}
