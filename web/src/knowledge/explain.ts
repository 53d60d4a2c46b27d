// Facts as a small graph to draw (src/hodu/knowledge/explain.py): mentions left, the answer right, the others between.

import type { CompiledGraph } from "./compiled.ts";
import { plain } from "./plain.ts";
import { type Fact, keyOf, type Mention } from "./types.ts";
import { relationLabel } from "./verbalise.ts";

export type Role = "mention" | "answer" | "other";

export interface Node {
  readonly name: string;
  readonly note: string; // what stands small beneath it, "" for nothing
  readonly role: Role;
}

export interface Edge {
  readonly subject: number; // places of nodes
  readonly object: number;
  readonly label: string;
  readonly fact: Fact;
  readonly sentence: string;
}

export function drawn(
  graph: CompiledGraph,
  mentions: readonly Mention[],
  facts: readonly Fact[],
  answer: number | null,
  language: string,
): { nodes: Node[]; edges: Edge[] } {
  const some = once(facts);
  const meant = meantBy(mentions, some, answer);
  const ends = some.flatMap((fact) => [fact.subject, fact.object]);
  const entities = [...new Set([...meant.keys(), ...ends, ...(answer === null ? [] : [answer])])];
  const nodes = entities.map((entity): Node => {
    const name = plain(graph.label(entity, language));
    const mention = meant.get(entity);
    const note = mention ? plain(mention.surface) : "";
    const role = entity === answer ? "answer" : mention ? "mention" : "other";
    return { name, note: note && note.toLowerCase() !== name.toLowerCase() ? `“${note}”` : "", role };
  });
  const edges = some.map((fact) => ({
    subject: entities.indexOf(fact.subject),
    object: entities.indexOf(fact.object),
    label: plain(relationLabel(graph.relations[fact.relation], language)),
    fact,
    sentence: sentence(graph, fact, language),
  }));
  return { nodes, edges };
}

export function sentence(graph: CompiledGraph, fact: Omit<Fact, "weight" | "reason">, language: string): string {
  return plain(graph.verbalise(fact.subject, fact.relation, fact.object, language), 300);
}

/** Each edge once, although two arms of a route may share it. */
export function once(facts: readonly Fact[]): Fact[] {
  const found = new Map<string, Fact>();
  for (const fact of facts) if (!found.has(keyOf(fact))) found.set(keyOf(fact), fact);
  return [...found.values()];
}

/** The entities that mentions were taken for, as the facts show. */
function meantBy(mentions: readonly Mention[], facts: readonly Fact[], answer: number | null): Map<number, Mention> {
  const ends = new Set(facts.flatMap((fact) => [fact.subject, fact.object]));
  if (answer !== null) ends.delete(answer);
  const meant = new Map<number, Mention>();
  for (const mention of mentions) {
    const taken = mention.candidates.find((candidate) => ends.has(candidate.entity));
    if (taken && !meant.has(taken.entity)) meant.set(taken.entity, mention);
  }
  return meant;
}
