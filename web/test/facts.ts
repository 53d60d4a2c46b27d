// What the page's own modules find, for tests/web/test_same_facts.py: `node facts.ts world.hodu < cases.json > found.json`.

import { readFileSync } from "node:fs";
import { candidatesOf } from "../src/asking.ts";
import { CompiledGraph } from "../src/knowledge/compiled.ts";
import { link } from "../src/knowledge/link.ts";
import { GraphReader } from "../src/knowledge/reader.ts";
import { evidence, routes } from "../src/knowledge/routes.ts";
import type { Fact, Mention } from "../src/knowledge/types.ts";

interface Case {
  readonly texts: readonly string[];
  readonly choice: string | null;
  readonly slots: boolean;
  readonly hops: number;
  readonly choices: readonly string[];
  readonly routed: boolean;
}

const mentionRow = (one: Mention): unknown => [
  one.start,
  one.end,
  one.surface,
  one.candidates.map((candidate) => [candidate.entity, candidate.score, candidate.reason]),
];
const factRow = (one: Fact): unknown => [one.subject, one.relation, one.object, one.weight, one.reason];

function found(graph: CompiledGraph, one: Case): unknown {
  const reader = new GraphReader(graph, { limit: 16, hops: one.hops, slots: one.slots });
  const read = reader.read(one.texts, one.choice);
  const mentions = link(graph.linker, one.texts[0]);
  const told = {
    texts: read.texts,
    facts: read.facts,
    chosen: read.chosen.map(factRow),
    mentions: read.mentions.map(mentionRow),
  };
  if (!one.routed) return told;
  const candidates = candidatesOf(reader, mentions, one.texts[0], one.choices);
  const ways = routes(graph, mentions, { hops: 3, choices: null, most: 256 });
  return {
    ...told,
    candidates: [candidates.texts, candidates.entities, [...candidates.reached.keys()]],
    routes: ways.map((route) => [
      route.arms.map((arm) => [arm.mention, arm.entity, arm.steps.map((step) => [step.relation, step.forward])]),
      route.answers,
      route.cut,
    ]),
    evidence: ways.slice(0, 2).map((route) => evidence(graph, route, route.answers[0]).map(factRow)),
  };
}

const file = readFileSync(process.argv[2]);
const graph = CompiledGraph.open(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer);
const cases = JSON.parse(readFileSync(0, "utf8")) as readonly Case[];
process.stdout.write(JSON.stringify(cases.map((one) => found(graph, one))));
