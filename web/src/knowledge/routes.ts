// Candidate answers of a question, gathered by the path of relations that leads to them (src/hodu/knowledge/routes.py).

import type { CompiledGraph } from "./compiled.ts";
import { at, edges, onto, onward, pairs, type Reach } from "./reach.ts";
import { CANDIDATES } from "./select.ts";
import type { Fact, Mention } from "./types.ts";

const MOST_ARMS = 3;

export interface Step {
  readonly relation: number;
  readonly forward: boolean;
}

/** A path of relations from one entity that a mention may mean. */
export interface Arm {
  readonly mention: number;
  readonly entity: number;
  readonly steps: readonly Step[];
}

/** One path, or several that end at the same entities. */
export interface Route {
  readonly arms: readonly Arm[];
  readonly answers: readonly number[];
  readonly cut: boolean;
}

interface Start {
  readonly mention: number;
  readonly entity: number;
  readonly score: number;
}

type Place = readonly [number, number]; // of a path: its length, and its place among those of that length

/** Combinations of paths from different mentions, and a row for each entity where all of one meet. */
interface Joined {
  readonly row: readonly number[];
  readonly entity: readonly number[];
  readonly arms: readonly (readonly Place[])[];
  readonly last: readonly number[]; // of each combination its last mention
  readonly score: readonly number[];
}

export interface RouteSettings {
  readonly hops: number;
  readonly choices: readonly number[] | null; // the entities that may be answers
  readonly most: number;
}

/** The first `most` routes of at most `hops` steps, all arms of a route together: those on which mentions meet, then single paths. */
export function routes(
  graph: CompiledGraph,
  mentions: readonly Mention[],
  { hops, choices, most }: RouteSettings,
): Route[] {
  const ends = choices && [...new Set(choices)].sort((one, other) => one - other);
  const starts = startsOf(mentions);
  if (!starts.length || ends?.length === 0) return [];
  const search = new Search(graph, starts, ends);
  const several = new Set(starts.map((start) => start.mention)).size > 1;
  for (let length = 1; length <= hops; length += 1) {
    search.meet(length);
    const needed = several && length < hops; // for longer routes on which mentions meet: they come before single paths
    if (search.pairs >= most || (search.count >= most && !needed)) break;
    search.lengthen(length < hops);
  }
  const met = search.met(most);
  return [...met, ...search.single(most - met.length)];
}

/** What the mentions may mean, best candidates first, each entity once. */
function startsOf(mentions: readonly Mention[]): Start[] {
  const starts = new Map<number, Start>();
  for (let place = 0; place < CANDIDATES; place += 1)
    mentions.forEach(({ candidates }, mention) => {
      const candidate = candidates[place];
      if (candidate && !starts.has(candidate.entity))
        starts.set(candidate.entity, { mention, entity: candidate.entity, score: candidate.score });
    });
  return [...starts.values()];
}

/** Paths of 0, 1, 2, ... steps, what they reach that may be an answer, and where those of different mentions meet. */
class Search {
  readonly graph: CompiledGraph;
  readonly ends: readonly number[] | null;
  readonly known: ReadonlyMap<number, Start>;
  readonly paths: Reach[];
  readonly found: Reach[];
  readonly joined: Joined[][] = [[]]; // where mentions meet, by the steps of all arms
  count = 0;
  pairs = 0;

  constructor(graph: CompiledGraph, starts: readonly Start[], ends: readonly number[] | null) {
    this.graph = graph;
    this.ends = ends;
    this.known = new Map(starts.map((start) => [start.entity, start]));
    this.paths = [at(starts.map((start) => start.entity))];
    this.found = [this.paths[0]]; // of no step: nothing is an answer, but the numbers of steps are the places
  }

  /** Finds where paths of different mentions meet that have so many steps together. */
  meet(total: number): void {
    const made: Joined[] = [];
    for (let length = 1; length < total; length += 1) made.push(this.#join(this.#alone(length), total - length));
    this.pairs += sum(made.map((joined) => joined.last.length));
    for (let shorter = 2; shorter < total; shorter += 1)
      for (const joined of this.joined[shorter])
        if (joined.arms[0].length < MOST_ARMS) made.push(this.#join(joined, total - shorter));
    this.joined.push(made.filter((joined) => joined.last.length));
    this.count += sum(made.map((joined) => joined.last.length));
  }

  /** Adds the paths of one more step; `on`: there may be longer ones after them. */
  lengthen(on: boolean): void {
    const last = this.paths[this.paths.length - 1];
    const found = this.ends ? onto(this.graph, last, this.ends) : onward(this.graph, last);
    this.found.push(found);
    if (!this.ends) this.paths.push(found);
    else if (on) this.paths.push(onward(this.graph, last));
    this.count += found.step.length;
  }

  /** The paths of a length as combinations of one. */
  #alone(length: number): Joined {
    const reach = this.found[length];
    const direct = reach.path.map((_, row) => row).filter((row) => !reach.through[row]);
    const starts = reach.start.map((entity) => this.#start(entity));
    return {
      row: direct.map((row) => reach.path[row]),
      entity: direct.map((row) => reach.entity[row]),
      arms: reach.step.map((_, path) => [[length, path]]),
      last: starts.map((start) => start.mention),
      score: starts.map((start) => start.score),
    };
  }

  #start(entity: number): Start {
    const start = this.known.get(entity);
    if (!start) throw new Error(`a path starts at the entity ${entity}, which no mention means`);
    return start;
  }

  /** The combinations with one more arm, of so many steps, from a later mention. */
  #join(left: Joined, length: number): Joined {
    const right = this.#alone(length);
    const made = pairs(left.entity, right.entity)
      .map(([one, other]) => ({ first: left.row[one], second: right.row[other], entity: left.entity[one] }))
      .filter(({ first, second }) => left.last[first] < right.last[second])
      .sort((one, other) => one.first - other.first || one.second - other.second); // stable: entities stay in order
    const joined = {
      row: [] as number[],
      entity: [] as number[],
      arms: [] as Place[][],
      last: [] as number[],
      score: [] as number[],
    };
    made.forEach(({ first, second, entity }, place) => {
      const before = made[place - 1];
      if (before?.first !== first || before.second !== second) {
        joined.arms.push([...left.arms[first], ...right.arms[second]]);
        joined.last.push(right.last[second]);
        joined.score.push(left.score[first] * right.score[second]);
      }
      joined.row.push(joined.last.length - 1);
      joined.entity.push(entity);
    });
    return joined;
  }

  /** The routes on which mentions meet: few arms, then short ones, then few answers, then likely meanings. */
  met(most: number): Route[] {
    const made = this.joined.flatMap((joint, total) =>
      joint.flatMap((joined) => {
        const answers: number[][] = joined.last.map(() => []);
        joined.row.forEach((row, place) => answers[row].push(joined.entity[place]));
        return answers.map((some, row) => ({ total, answers: some, score: joined.score[row], arms: joined.arms[row] }));
      }),
    );
    made.sort(
      (one, other) =>
        one.arms.length - other.arms.length ||
        one.total - other.total ||
        one.answers.length - other.answers.length ||
        other.score - one.score ||
        byPlaces(one.arms, other.arms),
    );
    return made.slice(0, most).map(({ arms, answers }) => ({
      arms: arms.map(([length, path]) => this.#arm(length, path)),
      answers,
      cut: arms.some(([length, path]) => this.found[length].cut[path]),
    }));
  }

  /** The routes of one path each. */
  single(most: number): Route[] {
    const made: Route[] = [];
    this.found.slice(1).forEach((reach, shorter) => {
      const answers: number[][] = reach.step.map(() => []);
      reach.path.forEach((path, row) => answers[path].push(reach.entity[row]));
      for (let path = 0; path < reach.step.length && made.length < most; path += 1)
        made.push({ arms: [this.#arm(shorter + 1, path)], answers: answers[path], cut: reach.cut[path] });
    });
    return made;
  }

  /** A path of so many steps, by its place among them. */
  #arm(length: number, path: number): Arm {
    let reach = this.found[length];
    const start = this.#start(reach.start[path]);
    const steps: Step[] = [];
    for (let shorter = length - 1; shorter >= 0; shorter -= 1) {
      steps.unshift({ relation: reach.step[path] >> 1, forward: reach.step[path] % 2 === 0 });
      path = reach.parent[path];
      reach = this.paths[shorter];
    }
    return { mention: start.mention, entity: start.entity, steps };
  }
}

function byPlaces(one: readonly Place[], other: readonly Place[]): number {
  for (let arm = 0; arm < Math.min(one.length, other.length); arm += 1) {
    const order = one[arm][0] - other[arm][0] || one[arm][1] - other[arm][1];
    if (order) return order;
  }
  return one.length - other.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => one + other, 0);
}

/** The facts that lead along each arm to the answer, from the mention on; an arm that does not fit is left out whole: half a way says nothing. */
export function evidence(graph: CompiledGraph, route: Route, answer: number, most = 8): Fact[] {
  const facts: Fact[] = [];
  route.arms.forEach((arm, number) => {
    const others = new Set(route.arms.filter((other) => other !== arm).map((other) => other.entity));
    const edges = wayOf(graph, arm, answer, others);
    if (facts.length + edges.length > most) return;
    const place = `arm ${number + 1} of ${route.arms.length}`;
    edges.forEach((edge, step) => facts.push({ ...edge, reason: `${place}, step ${step + 1} of ${edges.length}` }));
  });
  return facts;
}

/** The edges of one way along the arm, round the other arms' entities: of several the heaviest last edge, then the one from the lowest number. */
function wayOf(graph: CompiledGraph, arm: Arm, answer: number, others: ReadonlySet<number>): Omit<Fact, "reason">[] {
  let reach = at([arm.entity]);
  const layers = [new Set([arm.entity])];
  for (const step of arm.steps.slice(0, -1)) {
    const longer = onward(graph, reach);
    reach = only(longer, longer.step.indexOf(2 * step.relation + Number(!step.forward)), others);
    layers.push(new Set(reach.entity));
  }
  const found: Omit<Fact, "reason">[] = [];
  for (let place = arm.steps.length - 1; place >= 0; place -= 1) {
    const { relation, forward } = arm.steps[place];
    const [best] = [...edges(forward ? graph.into : graph.out, answer, Number.POSITIVE_INFINITY)]
      .filter((edge) => edge.relation === relation && layers[place].has(edge.other))
      .sort((one, other) => other.weight - one.weight || one.other - other.other);
    const [subject, object] = forward ? [best.other, answer] : [answer, best.other];
    found.unshift({ subject, relation, object, weight: best.weight });
    answer = best.other;
  }
  return found;
}

/** One of the paths alone, less some entities. */
function only(reach: Reach, path: number, without: ReadonlySet<number>): Reach {
  const rows = reach.path
    .map((_, row) => row)
    .filter((row) => reach.path[row] === path && !without.has(reach.entity[row]));
  return {
    path: rows.map(() => 0),
    entity: rows.map((row) => reach.entity[row]),
    through: rows.map((row) => reach.through[row]),
    parent: [reach.parent[path]],
    step: [reach.step[path]],
    start: [reach.start[path]],
    cut: [reach.cut[path]],
  };
}
