// From what a person types to an entity, and names to choose from.

import type { CompiledGraph } from "../knowledge/compiled.ts";
import type { GraphReader } from "../knowledge/reader.ts";

const OFFERED = 40;
const SEARCHED = 50_000; // entities whose names are looked through as somebody types

export class Names {
  readonly #names: readonly (readonly [string, number])[];

  constructor(graph: CompiledGraph, language: string) {
    const entities = Array.from({ length: Math.min(graph.length, SEARCHED) }, (_, entity) => entity);
    this.#names = entities.map((entity) => [graph.label(entity, language), entity] as const);
  }

  /** Names that begin so, or else have it somewhere. */
  offered(typed: string): string[] {
    const wanted = typed.trim().toLowerCase();
    const lower = this.#names.map(([name]) => [name, name.toLowerCase()] as const);
    const begin = lower.filter(([, name]) => name.startsWith(wanted));
    const within = lower.filter(([, name]) => !name.startsWith(wanted) && name.includes(wanted));
    return [...begin, ...within].slice(0, OFFERED).map(([name]) => name);
  }

  entity(typed: string, reader: GraphReader): number | null {
    const wanted = typed.trim().toLowerCase();
    if (!wanted) return null;
    const known = this.#names.find(([name]) => name.toLowerCase() === wanted);
    return known ? known[1] : reader.entity(typed);
  }
}
