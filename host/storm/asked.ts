/** Counts that the ledger cannot know: what was asked for, not what was done. */
export interface Asked {
  /** Loads and stores by the program. */
  readonly accesses: number;
  readonly systemCalls: number;
  readonly gupCalls: number;
  /** Those of them that go to the slow path at once. */
  readonly slowCalls: number;
  readonly gupPages: number;
  /** Folios that the calls' pages belong to, each call's counted by itself. */
  readonly folios: number;
  readonly putPages: number;
  /** Pages of an unpin call that follow a page of another folio. */
  readonly folioChanges: number;
}

export const NOTHING_ASKED: Asked = {
  accesses: 0,
  systemCalls: 0,
  gupCalls: 0,
  slowCalls: 0,
  gupPages: 0,
  folios: 0,
  putPages: 0,
  folioChanges: 0,
};
