/*
 * Everything the gate looks at has a name like a path: SCENARIO/KERNEL/OPERATION for a time,
 * SCENARIO/KERNEL/OPERATION/EVENT for a count, BUILD/MEASURE for what a build's file is like.
 */

/** A path from its parts. */
export function pathOf(...parts: readonly string[]): string {
  return parts.join('/');
}

function globOf(pattern: string): RegExp {
  const literal = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('[^/]*')}$`);
}

/**
 * Whether a name that a user wrote means this path: one or more neighbouring parts of it, `*` for
 * anything within a part. So `rmwRefcount`, `refcount/fault` and `4K*` all are names.
 */
export function names(pattern: string, path: string): boolean {
  const wanted = pattern.split('/').map(globOf);
  const parts = path.split('/');
  for (let first = 0; first + wanted.length <= parts.length; first++) {
    if (wanted.every((glob, i) => glob.test(parts[first + i] as string))) return true;
  }
  return false;
}
