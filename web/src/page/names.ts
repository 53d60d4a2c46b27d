// From what a person types to an entity, and names to choose from.

import type { CompiledGraph } from "../knowledge/compiled.ts";
import type { GraphReader } from "../knowledge/reader.ts";

const OFFERED = 40;
const SEARCHED = 50_000; // entities whose names are looked through as somebody types

export class Names {
  readonly #graph: CompiledGraph;
  readonly #language: string;
  #known: readonly (readonly [string, number])[] | null = null;

  constructor(graph: CompiledGraph, language: string) {
    this.#graph = graph;
    this.#language = language;
  }

  /** Read when somebody first types one. */
  get #names(): readonly (readonly [string, number])[] {
    const count = Math.min(this.#graph.length, SEARCHED);
    this.#known ??= Array.from(
      { length: count },
      (_, entity) => [this.#graph.label(entity, this.#language), entity] as const,
    );
    return this.#known;
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
