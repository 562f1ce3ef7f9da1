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
 * Whether a name that a user wrote means this path: some of its parts in their order, `*` for
 * anything within a part. So `rmwRefcount`, `refcount/fault` and `4K*\/fault` all are names.
 */
export function names(pattern: string, path: string): boolean {
  const wanted = pattern.split('/').map(globOf);
  let found = 0;
  for (const part of path.split('/')) {
    if (found < wanted.length && (wanted[found] as RegExp).test(part)) found += 1;
  }
  return found === wanted.length;
}
