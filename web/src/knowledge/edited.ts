// A graph with some facts less and some more, right there on the page: what hodu compiles from the edited graph, but for how much degrees weigh in a mention's score.

import type { CompiledGraph, Rows } from "./compiled.ts";
import type { Section } from "./layout.ts";
import { keyOf } from "./types.ts";

export interface Triple {
  readonly subject: number;
  readonly relation: number;
  readonly object: number;
}

export interface Edits {
  readonly removed: readonly Triple[];
  readonly added: readonly Triple[];
}

interface Edge {
  readonly relation: number;
  readonly other: number;
  readonly weight: number;
}

export function edited(graph: CompiledGraph, edits: Edits): CompiledGraph {
  if (!edits.removed.length && !edits.added.length) return graph;
  const removed = new Set(edits.removed.map(keyOf));
  const outgoing = ({ subject, relation, object }: Triple): readonly [number, Edge] => [
    subject,
    { relation, other: object, weight: 1 },
  ];
  const incoming = ({ subject, relation, object }: Triple): readonly [number, Edge] => [
    object,
    { relation, other: subject, weight: 1 },
  ];
  const isGone = (entity: number, edge: Edge): boolean =>
    removed.has(keyOf({ subject: entity, relation: edge.relation, object: edge.other }));
  const isGoneBack = (entity: number, edge: Edge): boolean =>
    removed.has(keyOf({ subject: edge.other, relation: edge.relation, object: entity }));
  return graph.withRows(
    changed(graph.out, edits.removed.map(outgoing), edits.added.map(outgoing), isGone),
    changed(graph.into, edits.removed.map(incoming), edits.added.map(incoming), isGoneBack),
  );
}

function changed(
  rows: Rows,
  removed: readonly (readonly [number, Edge])[],
  added: readonly (readonly [number, Edge])[],
  isGone: (entity: number, edge: Edge) => boolean,
): Rows {
  const touched = new Map<number, Edge[]>();
  for (const [entity] of [...removed, ...added])
    if (!touched.has(entity))
      touched.set(
        entity,
        edgesOf(rows, entity).filter((edge) => !isGone(entity, edge)),
      );
  for (const [entity, edge] of added) {
    const known = touched.get(entity) ?? [];
    if (!known.some((one) => one.relation === edge.relation && one.other === edge.other)) known.push(edge);
  }
  for (const edges of touched.values())
    edges.sort((one, other) => one.other - other.other || one.relation - other.relation);
  return copied(rows, touched);
}

function edgesOf(rows: Rows, entity: number): Edge[] {
  const edges: Edge[] = [];
  for (let at = rows.starts[entity]; at < rows.starts[entity + 1]; at += 1)
    edges.push({ relation: rows.relation[at], other: rows.other[at], weight: rows.weight ? rows.weight[at] : 1 });
  return edges;
}

/** The rows with the edges of some entities replaced; what is between them is copied whole. */
function copied(rows: Rows, touched: ReadonlyMap<number, readonly Edge[]>): Rows {
  const entities = rows.starts.length - 1;
  const starts = new Uint32Array(entities + 1);
  for (let entity = 0; entity < entities; entity += 1)
    starts[entity + 1] =
      starts[entity] + (touched.get(entity)?.length ?? rows.starts[entity + 1] - rows.starts[entity]);
  const count = starts[entities];
  const made = {
    starts,
    relation: alike(rows.relation, count),
    other: new Int32Array(count),
    weight: rows.weight && new Float32Array(count),
  };
  let from = 0;
  const copy = (past: number): void => {
    const [first, last] = [rows.starts[from], rows.starts[past]];
    made.relation.set(rows.relation.subarray(first, last), starts[from]);
    made.other.set(rows.other.subarray(first, last), starts[from]);
    if (rows.weight) made.weight?.set(rows.weight.subarray(first, last), starts[from]);
  };
  for (const entity of [...touched.keys()].sort((one, other) => one - other)) {
    copy(entity);
    touched.get(entity)?.forEach((edge, place) => {
      made.relation[starts[entity] + place] = edge.relation;
      made.other[starts[entity] + place] = edge.other;
      if (made.weight) made.weight[starts[entity] + place] = edge.weight;
    });
    from = entity + 1;
  }
  copy(entities);
  return made;
}

/** An empty column of numbers of the same kind. */
function alike(column: Section, length: number): Section {
  return column instanceof Uint8Array
    ? new Uint8Array(length)
    : column instanceof Uint16Array
      ? new Uint16Array(length)
      : new Uint32Array(length);
}
