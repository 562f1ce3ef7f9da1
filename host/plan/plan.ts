import type { Release } from '../cost/model.ts';
import { DaxError } from '../error.ts';
import type { MapName } from '../syscall/namespace.ts';
import { ALIGN_NAMES, type AlignName } from '../units.ts';
import { creationLines } from './commands.ts';
import { type Headroom, headroom } from './counters.ts';
import { type Geometry, geometryOf, unitOf } from './geometry.ts';
import type { Host } from './host.ts';
import { type Impossible, isLayout, type Layout, layOut, MAPS, tryLayOut } from './layout.ts';
import { countsMappings, STEPS, type StepCost, stepCost } from './operations.ts';
import { type Recommendation, recommend } from './recommend.ts';
import { type Tenancy, tenancies } from './tenancy.ts';

/** What is planned: a host, and which of the choices are open. */
export interface PlanRequest {
  readonly host: Host;
  readonly releases: readonly Release[];
  /** A unit's name; all units where it is open. */
  readonly align: string | undefined;
  readonly map: MapName | undefined;
  /** Kernel instructions a second, for turning counts into time. */
  readonly rate: number;
}

/** What one process's steps cost with one unit size on one release. */
export interface Costs {
  readonly unit: AlignName;
  readonly map: MapName;
  readonly release: Release;
  readonly steps: readonly (StepCost | undefined)[];
}

/** One folio's counters on one release with all planned mappings there. */
export interface ReleaseHeadroom extends Headroom {
  readonly release: Release;
}

/** Everything that is planned of a host; docs/planning.md explains each part. */
export interface Plan {
  /** What was asked. */
  readonly request: PlanRequest;
  /** Page sizes and table shapes of the architecture. */
  readonly geometry: Geometry;
  /** One a unit size and map, or why it cannot be. */
  readonly layouts: readonly (Layout | Impossible)[];
  /** Of each possible layout on each release; none where nothing was recorded of the architecture. */
  readonly costs: readonly Costs[];
  /** How far a folio's counters are from overflow, by unit and release. */
  readonly headroom: readonly ReleaseHeadroom[];
  /** Mappings of one folio when every process has all it maps. */
  readonly folioMappings: number;
  /** The layout that takes least for itself. */
  readonly recommendation: Recommendation;
  /** One device for all against one each; none with one tenant. */
  readonly tenancies: readonly Tenancy[];
  /** Lines of ndctl or daxctl that make the recommendation so. */
  readonly commands: readonly string[];
}

function isAlign(name: string): name is AlignName {
  return ALIGN_NAMES.some((each) => each === name);
}

/** Costs of every step for one process; undefined where nothing was recorded of the architecture. */
export function layoutCosts(
  layout: Layout,
  release: Release,
  { emulated }: Geometry,
): Costs | undefined {
  const { unit, map, process } = layout;
  if (!emulated || !isAlign(unit.name)) return undefined;
  const name = unit.name;
  const steps = STEPS.map((step) => stepCost(step, release, name, process));
  return { unit: name, map, release, steps };
}

/** Processes that map one folio: those of one tenant. */
export function folioMappings({ processes, tenants }: Host): number {
  return Math.ceil(processes / tenants);
}

/** Everything a plan says. Fails: E_PLAN, E_DEVICE_SIZE where the one layout asked for cannot be. */
export function makePlan(request: PlanRequest): Plan {
  const { host, releases, align, map } = request;
  const geometry = geometryOf(host.basePage, host.arch);
  const units = align === undefined ? geometry.units : [unitOf(geometry, align)];
  const maps = map === undefined ? MAPS : [map];
  const layouts = units.flatMap((unit) =>
    maps.map((each) => tryLayOut(host, unit, each, geometry)),
  );
  // With one choice left, its refusal is the answer.
  const [only] = units;
  if (!layouts.some(isLayout) && only) layOut(host, only, maps[0] as MapName, geometry);
  const possible = layouts.filter(isLayout);
  const mappings = folioMappings(host);
  const recommendation = recommend(layouts, host.dramBytes);
  return {
    request,
    geometry,
    layouts,
    costs: possible.flatMap((layout) =>
      releases.flatMap((release) => layoutCosts(layout, release, geometry) ?? []),
    ),
    headroom: units.flatMap((unit) =>
      releases.map((release) => ({
        release,
        ...headroom(unit, geometry.basePageBytes, countsMappings(release), mappings),
      })),
    ),
    folioMappings: mappings,
    recommendation,
    tenancies: tenancies(host, recommendation.layout, geometry),
    commands: creationLines(host, recommendation.layout),
  };
}

/** The rate a user gives. Fails: E_PLAN. */
export function parseRate(text: string): number {
  const rate = /^\d+(\.\d+)?(e\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (rate >= 1e6 && rate <= 1e13) return rate;
  throw new DaxError(
    'E_PLAN',
    `rate '${text}' is not a number of instructions a second from 1e6 to 1e13`,
    'use --rate 3e9',
  );
}
