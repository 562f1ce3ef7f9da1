/**
 * Whether everything is tested: `npm run test:all`. `npm test` leaves out what takes minutes and what
 * a change rarely breaks, and is done in under five.
 */
export const ALL = process.env['DAXSTORM_TESTS'] === 'all';
