import { join } from 'node:path';
import { PACKAGE_ROOT } from '../root.ts';

/** The trace that ships with the package. */
export const SAMPLE_TRACE = join(
  PACKAGE_ROOT,
  'data',
  'traces',
  'redis-set-get-lpush.perf-script.txt.gz',
);
