import { RECORDED_RELEASES } from '../../cost/model.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, dataElement, type Row, table } from '../html/table.ts';
import { markdownTable } from '../markdown.ts';
import { formatPercent } from '../numbers.ts';
import type { Placed, Report } from '../report.ts';
import type { ResultOf } from '../schema/result.ts';
import type { Section } from '../section.ts';
import { dot, ROW_RANGE } from '../svg/rowChart.ts';
import { linearScale, linearTicks, niceDomain } from '../svg/scale.ts';

type Validation = ResultOf<'validate'>;

const COLUMNS: readonly Column[] = [
  { title: 'Linux', align: 'left' },
  { title: 'rows', align: 'right' },
  { title: 'median', align: 'right' },
  { title: 'largest', align: 'right' },
];

interface ReleaseErrors {
  readonly release: string;
  /** Relative errors, smallest size first. */
  readonly errors: readonly number[];
}

function byRelease({ rows }: Validation): readonly ReleaseErrors[] {
  return RECORDED_RELEASES.flatMap((release) => {
    const errors = rows.filter((row) => row.release === release).map(({ error }) => error);
    if (errors.length === 0) return [];
    return [{ release, errors: errors.sort((a, b) => Math.abs(a) - Math.abs(b)) }];
  });
}

function errorCells({ release, errors }: ReleaseErrors): readonly string[] {
  const size = (i: number): string => formatPercent(Math.abs(errors[i] as number));
  const middle = size(Math.floor((errors.length - 1) / 2));
  return [release, String(errors.length), middle, size(errors.length - 1)];
}

function summary({ value, at }: Placed<Validation>): Markup {
  const { ratios } = value.summary;
  if (!ratios) return fragment();
  const share = (key: 'median' | 'max') =>
    dataElement({
      text: formatPercent(ratios[key]),
      value: ratios[key],
      at: `${at}/summary/ratios/${key}`,
    });
  return el(
    'p',
    {},
    'Ratios 7.3 ÷ 6.12 of one operation: median error ',
    share('median'),
    ', largest ',
    share('max'),
    '.',
  );
}

function part(each: Placed<Validation>, index: number): Markup {
  const releases = byRelease(each.value);
  const all = releases.flatMap(({ errors }) => errors);
  const most = Math.max(0.05, ...all.map(Math.abs));
  const domain = niceDomain([-most, most], 6);
  const told = {
    id: `errors-${index + 1}`,
    title: 'Errors of the predicted instructions',
    description:
      'A dot a recorded operation, a row a kernel release: predicted ÷ observed − 1. The table beside it has median and largest.',
  };
  const axis = {
    scale: linearScale(domain, ROW_RANGE),
    ticks: linearTicks(domain, 6),
    label: (value: number) => `${Math.round(value * 1000) / 10} %`,
    origin: 0,
  };
  const rows = releases.map(
    (release): Row => ({
      cells: errorCells(release),
      marks: release.errors.map((error) => dot(error, 'faint', 3)),
    }),
  );
  return fragment(
    table(COLUMNS, rows, { told, axis, title: 'predicted ÷ observed − 1' }),
    summary(each),
  );
}

function html({ validations }: Report): Markup | undefined {
  if (validations.length === 0) return undefined;
  return fragment(
    el(
      'p',
      {},
      'The cost model prices counted events in instructions of a real kernel. How far it is off on what was recorded: a dot an operation.',
    ),
    ...validations.map(part),
  );
}

function markdown({ validations }: Report): string | undefined {
  if (validations.length === 0) return undefined;
  const rows = validations.flatMap(({ value }) => byRelease(value).map(errorCells));
  return [
    'Errors of the cost model on recorded operations: |predicted / observed - 1|.',
    '',
    markdownTable(COLUMNS, rows),
  ].join('\n');
}

export const predictionSection: Section = {
  id: 'prediction',
  title: 'How far predictions are off',
  kind: 'predicted',
  html,
  markdown,
};
