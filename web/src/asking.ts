// A question, a graph and a small model (src/hodu/asking.py): the graph says what may be the answer and why, the model says which.

import { along, askedFor, entitiesOf } from "./knowledge/asked.ts";
import type { GraphReader } from "./knowledge/reader.ts";
import { evidence, type Route, routes } from "./knowledge/routes.ts";
import type { Fact, Mention } from "./knowledge/types.ts";
import { languageOf } from "./knowledge/vocabulary.ts";

const HOPS = 3;
const MOST_ROUTES = 256;
const MOST_CANDIDATES = 32;
const RIVALS = 6; // to which one of the paths of the best leads alone, and which the model must find worse
const SURE = 2; // how many times as likely as the others are on average an answer must be
const LEAST = 0.4; // and how likely: two that are both right share what there is, three equal ones are a guess

/** What may be the answer: texts, their entities (null of a choice that the graph does not know), and for each entity its best route. */
export interface Candidates {
  readonly texts: readonly string[];
  readonly entities: readonly (number | null)[];
  readonly reached: ReadonlyMap<number, Route>;
}

export interface Candidate {
  readonly text: string;
  readonly entity: number | null;
  readonly chance: number;
  readonly support: number; // from how many of the things that the question mentions a path of facts leads to it
}

export interface Answer {
  readonly best: Candidate | null; // null for "I don't know"
  readonly candidates: readonly Candidate[]; // best first
  readonly facts: readonly Fact[]; // the paths from what the question mentions to the answer
}

export function candidatesOf(
  reader: GraphReader,
  mentions: readonly Mention[],
  question: string,
  choices: readonly string[],
): Candidates {
  const named = choices.map((choice) => reader.entity(choice));
  const { graph } = reader;
  const asked = choices.length ? null : askedFor(graph, question, mentions);
  const ends = asked ? entitiesOf(graph, asked) : named.filter((entity) => entity !== null);
  const found = routes(graph, mentions, { hops: HOPS, choices: ends, most: MOST_ROUTES });
  if (!asked) return { texts: choices, entities: named, reached: ledTo(found) };
  const reached = likely(along(graph, found, asked));
  const language = languageOf(question);
  const entities = [...reached.keys()];
  return { texts: entities.map((entity) => graph.label(entity, language)), entities, reached };
}

/** For each entity that a route leads to the best one. */
function ledTo(found: readonly Route[]): Map<number, Route> {
  const reached = new Map<number, Route>();
  for (const route of found) for (const entity of route.answers) if (!reached.has(entity)) reached.set(entity, route);
  return reached;
}

/**
 * Where two or more mentions meet, those of the most first, on ways no longer than the best's; where none meet, what the shortest ways lead to.
 * Behind it some entities to which only one arm of these ways does, with that arm: that a longer way leads to them from all mentions is no reason for them.
 */
function likely(found: readonly Route[]): Map<number, Route> {
  if (!found.length) return new Map();
  const steps = (route: Route): number => route.arms.reduce((count, arm) => count + arm.steps.length, 0);
  const longest = (route: Route): number => Math.max(...route.arms.map((arm) => arm.steps.length));
  const ranked = [...found].sort((one, other) => other.arms.length - one.arms.length || steps(one) - steps(other));
  const enough = Math.min(ranked[0].arms.length, 2);
  const top = ranked.filter((route) => route.arms.length >= enough && longest(route) <= longest(ranked[0]));
  const best = new Map([...ledTo(top)].slice(0, MOST_CANDIDATES));
  const ways = new Set(top.flatMap((route) => route.arms.map(wayOf)));
  const alone = found.filter((route) => route.arms.length === 1 && ways.has(wayOf(route.arms[0])));
  const rivals = [...ledTo(alone)].filter(([entity]) => !best.has(entity));
  return new Map([...best, ...rivals.slice(0, RIVALS)]);
}

function wayOf(arm: Route["arms"][number]): string {
  return `${arm.entity} ${arm.steps.map((step) => `${step.forward ? ">" : "<"}${step.relation}`).join(" ")}`;
}

/** The answer, from the model's probability of each candidate. */
export function answerOf(
  reader: GraphReader,
  { texts, entities, reached }: Candidates,
  chances: readonly number[],
): Answer {
  const candidates = texts
    .map((text, place) => {
      const entity = entities[place];
      const route = entity === null ? undefined : reached.get(entity);
      return { text, entity, chance: chances[place], support: route ? route.arms.length : 0 };
    })
    .sort((one, other) => other.chance - one.chance);
  const best = candidates.length && isSure(candidates) ? candidates[0] : null;
  const route = best?.entity == null ? undefined : reached.get(best.entity);
  const facts = route && best?.entity != null ? evidence(reader.graph, route, best.entity) : [];
  return { best, candidates, facts };
}

function isSure(candidates: readonly Candidate[]): boolean {
  const best = candidates[0];
  const others = candidates.slice(1).filter((one) => one.entity === null || one.entity !== best.entity); // another name of the same thing is no rival
  const most = Math.max(...candidates.map((one) => one.support));
  const rest = others.reduce((sum, one) => sum + one.chance, 0);
  const likely = best.chance >= LEAST && (!others.length || best.chance * others.length >= SURE * rest);
  return likely && best.support > 0 && best.support >= Math.min(most, 2);
}
