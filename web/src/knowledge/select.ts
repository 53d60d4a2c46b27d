// The facts that matter for a text (src/hodu/knowledge/select.py): those between its mentions first, then the rest, none without end.

import type { CompiledGraph, Rows } from "./compiled.ts";
import { type Fact, keyOf, type Mention } from "./types.ts";

const FAN_OUT = 64; // edges looked at from one entity, each way; of a hub's other edges only those that lead to another mention's neighbours
export const CANDIDATES = 3; // of a mention
const FRONTIER = 32; // entities from which a further hop starts
const BESIDE_ALL = 4; // is added to the first tiers for facts about the question alone, which stand beside every choice
const [DIRECT, JOINED, NEAR, FAR] = [0, 1, 3, 2 * BESIDE_ALL]; // 2 is that of the asked relation, for which a page has no field

interface Triple {
  readonly subject: number;
  readonly relation: number;
  readonly object: number;
}

interface Edge {
  readonly other: number;
  readonly fact: Triple;
  readonly weight: number;
}

interface Ranked {
  readonly tier: number;
  readonly less: number; // less the strength
  readonly group: number; // where it meets others
  readonly fact: Triple;
  readonly reason: string;
}

type Best = Map<string, Ranked>;
type Places = ReadonlyMap<number, readonly [number, number]>; // entity → number of its mention, score
type Near = Map<number, Edge[]>;

/** The best `limit` facts, best first, in an order that depends on nothing but graph and mentions; `choice`: the number of a choice's first mention, facts in which nothing that it mentions has a part come last. */
export function select(graph: CompiledGraph, mentions: readonly Mention[], hops = 2, limit = 16, choice = 0): Fact[] {
  const places = placesOf(mentions);
  const own = new Set(mentions.slice(choice).flatMap((one) => one.candidates.slice(0, CANDIDATES).map((it) => it.entity)));
  const near: Near = new Map([...places.keys()].map((entity) => [entity, edgesOf(graph, entity, FAN_OUT)]));
  throughHubs(graph, near);
  const best: Best = new Map();
  if (mentions.length > 1) between(graph, mentions, places, near, hops, own, best);
  const foundBetween = best.size > 0;
  for (const [entity, edges] of near) {
    const [number, score] = places.get(entity) ?? [0, 0];
    about(graph, entity, score, mentions[number].surface, edges, own.has(entity) ? 0 : BESIDE_ALL, best);
  }
  if (hops > 1 && !foundBetween) further(graph, near, hops, limit, best);
  return [...best.values()]
    .sort(byRank)
    .slice(0, limit)
    .map(({ fact, less, reason }) => ({ ...fact, weight: -less, reason }));
}

/** Of each entity that may be meant the first mention and its score there; in the order in which Python's dict has them. */
function placesOf(mentions: readonly Mention[]): Places {
  const places = new Map<number, readonly [number, number]>();
  for (let number = mentions.length - 1; number >= 0; number -= 1)
    for (const candidate of mentions[number].candidates.slice(0, CANDIDATES).reverse())
      places.set(candidate.entity, [number, candidate.score]);
  return places;
}

function byRank(one: Ranked, other: Ranked): number {
  return (
    one.tier - other.tier ||
    one.less - other.less ||
    one.group - other.group ||
    one.fact.subject - other.fact.subject ||
    one.fact.relation - other.fact.relation ||
    one.fact.object - other.fact.object
  );
}

/** The entity's first edges, outgoing and then incoming. */
function edgesOf(graph: CompiledGraph, entity: number, most: number): Edge[] {
  const found: Edge[] = [];
  for (const [rows, outgoing] of bothWays(graph)) {
    const first = rows.starts[entity];
    take(rows, first, Math.min(rows.starts[entity + 1], first + most), entity, outgoing, found);
  }
  return found;
}

function bothWays(graph: CompiledGraph): readonly (readonly [Rows, boolean])[] {
  return [
    [graph.out, true],
    [graph.into, false],
  ];
}

function take(rows: Rows, first: number, past: number, entity: number, outgoing: boolean, into: Edge[]): void {
  for (let at = first; at < past; at += 1) {
    const [other, relation, weight] = [rows.other[at], rows.relation[at], rows.weight ? rows.weight[at] : 1];
    const [subject, object] = outgoing ? [entity, other] : [other, entity];
    into.push({ other, fact: { subject, relation, object }, weight });
  }
}

/** Adds to each hub's edges those that were beyond the cap but lead to another mention or to what another mention has an edge with. */
function throughHubs(graph: CompiledGraph, near: Near): void {
  for (const [entity, edges] of near)
    for (const [rows, outgoing] of bothWays(graph)) {
      const first = rows.starts[entity] + FAN_OUT;
      const past = rows.starts[entity + 1];
      if (past <= first) continue;
      const wanted = new Set<number>();
      for (const [other, theirs] of near) {
        if (other === entity) continue;
        wanted.add(other);
        for (const edge of theirs) wanted.add(edge.other);
      }
      for (const target of [...wanted].sort((one, other) => one - other)) {
        const low = firstOf(rows, first, past, target);
        take(rows, low, firstOf(rows, low, past, target + 1), entity, outgoing, edges);
      }
    }
}

/** The first of some sorted edges whose other end is not less than this. */
function firstOf(rows: Rows, low: number, high: number, target: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows.other[middle] < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

function keep(best: Best, found: Ranked): void {
  const key = keyOf(found.fact);
  const known = best.get(key);
  const better = (one: Ranked, other: Ranked): boolean =>
    (one.tier - other.tier || one.less - other.less || one.group - other.group) < 0;
  if (!known || better(found, known)) best.set(key, found);
}

interface Arm {
  readonly weight: number;
  readonly rare: number;
  readonly fact: Triple;
}

/** Edges between two mentions, and pairs of edges that meet at one entity. The more and the rarer mentions meet there, the better. */
function between(
  graph: CompiledGraph,
  mentions: readonly Mention[],
  places: Places,
  near: Near,
  hops: number,
  own: ReadonlySet<number>,
  best: Best,
): void {
  const meeting = new Map<number, Map<number, Arm[]>>();
  const met = hops > 1 ? metBy(places, near) : new Set<number>();
  for (const [entity, edges] of near) {
    const [number, score] = places.get(entity) ?? [0, 0];
    for (const { other, fact, weight } of edges) {
      const theirs = places.get(other);
      if (theirs) {
        if (theirs[0] === number) continue;
        const strength = score * theirs[1] * weight * graph.rarity(entity) * graph.rarity(other);
        const reason = `between ${mentions[number].surface} and ${mentions[theirs[0]].surface}`;
        const tier = own.has(entity) || own.has(other) ? DIRECT : DIRECT + BESIDE_ALL;
        keep(best, { tier, less: -(4 * strength), group: -1, fact, reason });
      } else if (met.has(other)) {
        const arms = meeting.get(other) ?? new Map<number, Arm[]>();
        meeting.set(other, arms);
        arms.set(number, [...(arms.get(number) ?? []), { weight: score * weight, rare: graph.rarity(entity), fact }]);
      }
    }
  }
  for (const [middle, arms] of meeting) join(graph, mentions, middle, arms, own, best);
}

function join(
  graph: CompiledGraph,
  mentions: readonly Mention[],
  middle: number,
  arms: Map<number, Arm[]>,
  own: ReadonlySet<number>,
  best: Best,
): void {
  let rare = 0;
  for (const each of arms.values()) rare += Math.max(...each.map((arm) => arm.rare));
  let strength = 4 * graph.rarity(middle) * rare;
  for (const each of arms.values()) strength *= Math.max(...each.map((arm) => arm.weight));
  const words = [...arms.keys()].sort((one, other) => one - other).map((number) => mentions[number].surface);
  const reason = `joins ${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
  const facts = [...arms.values()].flat().map((arm) => arm.fact);
  const tier = facts.some((one) => own.has(one.subject) || own.has(one.object)) ? JOINED : JOINED + BESIDE_ALL;
  for (const each of arms.values())
    for (const { fact } of each) keep(best, { tier, less: -strength, group: middle, fact, reason });
}

/** The entities with which several mentions have an edge and which are no mention themselves. */
function metBy(places: Places, near: Near): Set<number> {
  const ends = new Map<number, Set<number>>();
  for (const [entity, edges] of near) {
    const number = places.get(entity)?.[0] ?? 0;
    const theirs = ends.get(number) ?? new Set<number>();
    ends.set(number, theirs);
    for (const { other } of edges) theirs.add(other);
  }
  const met = new Set<number>();
  const seen = new Set<number>();
  for (const theirs of ends.values()) {
    for (const other of theirs) if (seen.has(other) && !places.has(other)) met.add(other);
    for (const other of theirs) seen.add(other);
  }
  return met;
}

/** A mention's own edges, but for those that are between it and another. */
function about(
  graph: CompiledGraph,
  entity: number,
  score: number,
  surface: string,
  edges: readonly Edge[],
  later: number,
  best: Best,
): void {
  const mine = graph.rarity(entity);
  for (const { other, fact, weight } of edges) {
    const known = best.get(keyOf(fact));
    if (known && known.tier % BESIDE_ALL <= JOINED) continue; // between two mentions, early or late
    const strength = score * weight * mine * graph.rarity(other);
    keep(best, { tier: NEAR + later, less: -strength, group: -1, fact, reason: `about ${surface}` });
  }
}

/** Edges two and more hops away, from the nearest entities by their best edge, while there is room. */
function further(graph: CompiledGraph, near: Near, hops: number, limit: number, best: Best): void {
  const seen = new Set(near.keys());
  let frontier = new Set([...near.values()].flatMap((edges) => edges.map((edge) => edge.other)));
  for (let hop = 2; hop <= hops; hop += 1) {
    if (best.size >= limit) return;
    const nearest = [...frontier]
      .filter((entity) => !seen.has(entity))
      .sort((one, other) => graph.rarity(other) - graph.rarity(one) || one - other)
      .slice(0, FRONTIER);
    for (const entity of nearest) seen.add(entity);
    frontier = new Set();
    for (const entity of nearest) {
      const mine = graph.rarity(entity);
      for (const { other, fact, weight } of edgesOf(graph, entity, FRONTIER)) {
        frontier.add(other);
        if (best.has(keyOf(fact))) continue;
        const strength = (weight * mine * graph.rarity(other)) / hop / 4;
        keep(best, { tier: FAR, less: -strength, group: -1, fact, reason: `${hop} hops away` });
      }
    }
  }
}
