/* For editors alone; asc never reads this file. The meanings are in switches.ts. */
declare const KERNEL: i32;
declare const DETAIL: i32;
declare const RECORDS: i32;
declare const COUNT: i32;
declare const STEPS: i32;
declare const PERCPU: i32;
declare const GUARD: i32;
declare const HISTOGRAM: i32;
declare const LAYOUT_HASH: i32;
