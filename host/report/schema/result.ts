import { z } from 'zod';
import { machine } from './common.ts';
import { compareBody } from './compare.ts';
import { doctorBody } from './doctor.ts';
import { explainBody } from './explain.ts';
import { gateBody } from './gate.ts';
import { guardBody } from './guard.ts';
import { ladderBody } from './ladder.ts';
import { latencyBody } from './latency.ts';
import { planBody, presetsBody, whatIfBody } from './plan.ts';
import { replayBody } from './replay.ts';
import { dryRunBody, runBody, scenariosBody } from './run.ts';
import { scaleBody } from './scale.ts';
import { stormBody } from './storm.ts';
import { partBody, sweepBody, planBody as sweepPlanBody } from './sweep.ts';
import { unbindBody } from './unbind.ts';
import { validateBody } from './validate.ts';
import { walkBody } from './walk.ts';

/** Names the format of every result. Fields are only ever added; anything else makes it v2. */
export const RESULT_SCHEMA = 'daxstorm/result.v1';

/** What every result begins with, whatever its kind. */
const head = {
  schema: z.literal(RESULT_SCHEMA),
  version: z.string().describe('of daxstorm'),
  made: z.iso.datetime().describe('when, in UTC'),
  command: z.string().describe('what to type to get it again'),
  machine,
  configuration: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .describe('assumed configuration of the emulated kernels'),
};

function result<Kind extends string, Body extends z.core.$ZodShape>(kind: Kind, body: Body) {
  return z.object({ ...head, kind: z.literal(kind), ...body }).meta({ id: `${kind}Result` });
}

/* One row a kind; a new kind is a file beside this one and a row here. */
const SINGLE = [
  result('compare', compareBody),
  result('storm', stormBody),
  result('replay', replayBody),
  result('scale', scaleBody),
  result('ladder', ladderBody),
  result('explain', explainBody),
  result('validate', validateBody),
  result('walk', walkBody),
  result('guard', guardBody),
  result('latency', latencyBody),
  result('sweep', sweepBody),
  result('sweep-plan', sweepPlanBody),
  result('sweep-part', partBody),
  result('doctor', doctorBody),
  result('gate', gateBody),
  result('plan', planBody),
  result('presets', presetsBody),
  result('run', runBody),
  result('dry-run', dryRunBody),
  result('scenarios', scenariosBody),
  result('unbind', unbindBody),
  result('what-if', whatIfBody),
] as const;

const single = z.discriminatedUnion('kind', SINGLE);

/** Everything that daxstorm writes as JSON. */
export const resultSchema = z.discriminatedUnion('kind', [
  ...SINGLE,
  result('report', { results: z.array(single).readonly() }),
]);

/** A result of one command; a `report` is several of them in one file. */
export type SingleResult = z.infer<typeof single>;
export type Result = z.infer<typeof resultSchema>;
export type ResultKind = Result['kind'];
export type ResultOf<Kind extends ResultKind> = Extract<Result, { kind: Kind }>;

/** The JSON Schema of every result; shipped as data/schemas/result.v1.json. */
export function jsonSchema(): object {
  const made = z.toJSONSchema(resultSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // What a reader may do with a list is no part of the format.
      delete jsonSchema.readOnly;
      // The format says it already.
      if (jsonSchema.format) delete jsonSchema.pattern;
    },
  });
  return {
    ...made,
    title: RESULT_SCHEMA,
    description: 'Results of daxstorm. Within v1 fields are only ever added: ignore unknown ones.',
  };
}
