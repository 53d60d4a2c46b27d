// What paths of relations reach (src/hodu/knowledge/reach.py): all of one length at once, as columns of path and entity.

import type { CompiledGraph, Rows } from "./compiled.ts";

const FRONTIER = 256; // entities of a path from which it goes on: those with the lowest numbers
const EDGES = 10_000; // edges that a path follows from its frontier, each way; a mention's own edges are all followed

export interface Reach {
  // a row for each entity that a path reaches, by path and then by entity
  readonly path: readonly number[];
  readonly entity: readonly number[];
  readonly through: readonly boolean[]; // whether every way there leads through another mention
  // of each path
  readonly parent: readonly number[]; // its place among the paths that are a step shorter
  readonly step: readonly number[]; // its last step, twice the relation's number, and 1 more when it goes from object to subject
  readonly start: readonly number[]; // the entity at which it starts
  readonly cut: readonly boolean[]; // whether there were more entities or edges than are followed
}

interface Hop {
  readonly row: number; // of the reach from which it goes
  readonly step: number;
  readonly entity: number;
}

/** The paths of no step. */
export function at(starts: readonly number[]): Reach {
  const none = starts.map(() => false);
  const nothing = starts.map(() => -1);
  return {
    path: starts.map((_, place) => place),
    entity: starts,
    through: none,
    parent: nothing,
    step: nothing,
    start: starts,
    cut: none,
  };
}

/** All paths that are a step longer. None comes back to its start. */
export function onward(graph: CompiledGraph, reach: Reach): Reach {
  const { rows, cut } = frontier(graph, reach);
  const most = isStart(reach) ? Number.POSITIVE_INFINITY : EDGES;
  const hops: Hop[] = [];
  [graph.out, graph.into].forEach((way, back) => {
    for (const row of rows)
      for (const { relation, other } of edges(way, reach.entity[row], most))
        hops.push({ row, step: 2 * relation + back, entity: other });
  });
  return grouped(reach, hops, cut);
}

/** The paths that are a step longer and reach one of `ends`: found from the ends, so that nothing needs to be cut. */
export function onto(graph: CompiledGraph, reach: Reach, ends: readonly number[]): Reach {
  const before = new Map<number, Omit<Hop, "row">[]>();
  [graph.into, graph.out].forEach((way, back) => {
    for (const entity of ends)
      for (const { relation, other } of edges(way, entity, Number.POSITIVE_INFINITY)) {
        const known = before.get(other) ?? [];
        known.push({ step: 2 * relation + back, entity });
        before.set(other, known);
      }
  });
  const hops = reach.entity.flatMap((entity, row) => (before.get(entity) ?? []).map((hop) => ({ row, ...hop })));
  return grouped(reach, hops, reach.cut);
}

/** The places of all pairs of equal numbers in the two, by the place in the left. */
export function pairs(left: readonly number[], right: readonly number[]): (readonly [number, number])[] {
  const places = new Map<number, number[]>();
  right.forEach((value, place) => {
    const known = places.get(value);
    if (known) known.push(place);
    else places.set(value, [place]);
  });
  return left.flatMap((value, place) => (places.get(value) ?? []).map((other) => [place, other] as const));
}

export function* edges(
  rows: Rows,
  entity: number,
  most: number,
): Generator<{ relation: number; other: number; weight: number }> {
  const first = rows.starts[entity];
  const past = Math.min(rows.starts[entity + 1], first + most);
  for (let place = first; place < past; place += 1)
    yield { relation: rows.relation[place], other: rows.other[place], weight: rows.weight ? rows.weight[place] : 1 };
}

function isStart(reach: Reach): boolean {
  return reach.step.every((step) => step < 0);
}

/** The rows from which paths go on, and which paths are cut there. */
function frontier(graph: CompiledGraph, reach: Reach): { rows: number[]; cut: readonly boolean[] } {
  if (isStart(reach)) return { rows: reach.entity.map((_, row) => row), cut: reach.cut };
  const cut = [...reach.cut];
  const rows: number[] = [];
  let first = 0;
  let followed = 0; // edges of the path's rows before this one
  reach.entity.forEach((entity, row) => {
    if (row && reach.path[row] !== reach.path[row - 1]) [first, followed] = [row, 0];
    const degree = graph.degree(entity);
    const goesOn = row - first < FRONTIER && followed < EDGES;
    if (goesOn) rows.push(row);
    if (!goesOn || degree > EDGES) cut[reach.path[row]] = true;
    followed += degree;
  });
  return { rows, cut };
}

/** Hops gathered by path and step. Of an entity reached twice the way that leads through no mention counts. */
function grouped(reach: Reach, hops: readonly Hop[], cut: readonly boolean[]): Reach {
  const mentions = new Set(reach.start);
  const made = hops
    .map(({ row, step, entity }) => {
      const path = reach.path[row];
      const through = reach.through[row] || (mentions.has(reach.entity[row]) && reach.step[path] >= 0);
      return { path, step, entity, through };
    })
    .filter(({ path, entity }) => entity !== reach.start[path])
    .sort(
      (one, other) =>
        one.path - other.path ||
        one.step - other.step ||
        one.entity - other.entity ||
        Number(one.through) - Number(other.through),
    );
  const rows = { path: [] as number[], entity: [] as number[], through: [] as boolean[] };
  const paths = { parent: [] as number[], step: [] as number[], start: [] as number[], cut: [] as boolean[] };
  made.forEach(({ path, step, entity, through }, place) => {
    const before = made[place - 1];
    const same = before !== undefined && before.path === path && before.step === step;
    if (same && before.entity === entity) return;
    if (!same) {
      paths.parent.push(path);
      paths.step.push(step);
      paths.start.push(reach.start[path]);
      paths.cut.push(cut[path]);
    }
    rows.path.push(paths.parent.length - 1);
    rows.entity.push(entity);
    rows.through.push(through);
  });
  return { ...rows, ...paths };
}
