import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, figure, numberCell, type Row, table } from '../html/table.ts';
import { formatNumber } from '../numbers.ts';
import type { Placed, Report } from '../report.ts';
import type { ResultOf } from '../schema/result.ts';
import type { Section } from '../section.ts';
import { EVENT_ROWS } from '../storm.ts';

type Storm = ResultOf<'storm'>;

/** Every event that some phase had, phase by phase and kernel by kernel. */
function part({ value, at }: Placed<Storm>): Markup {
  const { counts, kernels, device } = value;
  const phases = Object.keys(counts);
  const columns: readonly Column[] = [
    { title: `${device.align} units`, align: 'left' },
    ...phases.flatMap((phase) =>
      kernels.map((kernel): Column => ({ title: `${phase}, ${kernel}`, align: 'right' })),
    ),
  ];
  const events = EVENT_ROWS.filter(([event]) =>
    phases.some((phase) => kernels.some((kernel) => counts[phase]?.[kernel]?.events[event])),
  );
  const rows = events.map(
    ([event, title]): Row => ({
      cells: [
        title,
        ...phases.flatMap((phase) =>
          kernels.map((kernel) =>
            numberCell(
              counts[phase]?.[kernel]?.events[event],
              formatNumber,
              `${at}/counts/${phase}/${kernel}/events/${event}`,
            ),
          ),
        ),
      ],
    }),
  );
  const { workload, seed } = value;
  return figure(
    fragment(el('strong', {}, `${device.align} units`), `, workload ${workload}, seed ${seed}`),
    table(columns, rows),
  );
}

function html({ storms }: Report): Markup | undefined {
  if (storms.length === 0) return undefined;
  return fragment(
    el('p', {}, 'Every event of one round of a storm: exact, the same on every machine.'),
    ...storms.map(part),
  );
}

export const eventsSection: Section = {
  id: 'events',
  title: 'Every event of a storm',
  kind: 'counted',
  html,
};
