// A bundle at work: texts in, what the task answers out.

import { answerOf, candidatesOf } from "./asking.ts";
import type { Loaded } from "./bundle/files.ts";
import type { Manifest } from "./bundle/manifest.ts";
import { beside, besideChoices, type Budget, type Told } from "./data/beside.ts";
import { Fault } from "./errors.ts";
import { CompiledGraph } from "./knowledge/compiled.ts";
import { edited, type Edits } from "./knowledge/edited.ts";
import { GraphReader } from "./knowledge/reader.ts";
import { type FactRow, withFacts } from "./model/inputs.ts";
import { Model } from "./model/model.ts";
import { Tokens } from "./model/tokens.ts";
import type { Output } from "./model/worker.ts";
import { answerIn } from "./tasks/passage.ts";
import { fills } from "./tasks/masks.ts";
import type { Asked, Looked, Outcome, Said, Times } from "./tasks/outcome.ts";
import { taggedWords, wordsOf } from "./tasks/words.ts";

export class Engine {
  readonly manifest: Manifest;
  readonly tokens: Tokens;
  readonly model: Model;
  readonly graph: CompiledGraph | null; // as it came
  readonly #budget: Budget;
  #reader: GraphReader | null = null;

  private constructor(manifest: Manifest, tokens: Tokens, model: Model, graph: CompiledGraph | null) {
    this.manifest = manifest;
    this.tokens = tokens;
    this.model = model;
    this.graph = graph;
    this.#budget = { tokens: manifest.facts?.tokens ?? 0, count: (fact) => 1 + tokens.plain(fact).length };
    this.edit({ removed: [], added: [] });
  }

  static async open({ manifest, model, tokenizer, graph }: Loaded): Promise<Engine> {
    const tokens = new Tokens(tokenizer, manifest.facts?.separator);
    const opened = graph && manifest.facts ? CompiledGraph.open(graph) : null;
    return new Engine(manifest, tokens, await Model.open(model, manifest.inputs, tokens.pad), opened);
  }

  get reader(): GraphReader | null {
    return this.#reader;
  }

  edit(edits: Edits): void {
    const { facts } = this.manifest;
    this.#reader = this.graph && facts ? new GraphReader(edited(this.graph, edits), facts) : null;
  }

  ask(asked: Asked): Promise<Outcome> {
    switch (this.manifest.task) {
      case "multiple-choice":
        return this.#choose(asked);
      case "question-answering":
        return this.#findIn(asked);
      case "sentence-embedding":
        return this.#compare(asked);
      case "masked-lm":
        return this.#fill(asked);
      default:
        return this.#label(asked);
    }
  }

  /** The rows of facts and text as the model takes them; also what the tests compare with Python's. */
  rowOf(told: Told): FactRow & { readonly cut: boolean } {
    const row = this.tokens.row(told.texts, this.manifest.max_length);
    return { ...withFacts(this.tokens, row, told.facts, this.manifest.max_length), cut: row.cut };
  }

  told(texts: readonly string[]): Told {
    return this.#reader ? beside(this.#reader, texts, this.#budget) : { texts, facts: [], read: null };
  }

  toldChoices(question: string, choices: readonly string[]): Told[] {
    if (!this.#reader) return choices.map((choice) => ({ texts: [question, choice], facts: [], read: null }));
    return besideChoices(this.#reader, question, choices, this.#budget);
  }

  /** One text or a pair: classes, several classes, a number, or a class for each word. */
  async #label({ text, second }: Asked): Promise<Outcome> {
    const clock = new Clock();
    const told = this.told(second ? [text, second] : [text]);
    clock.mark("select");
    const words =
      this.manifest.task === "token-classification" ? wordsOf(this.tokens, text, this.manifest.max_length) : null;
    const row = words
      ? { ...withFacts(this.tokens, words, told.facts, this.manifest.max_length), cut: words.cut }
      : this.rowOf(told);
    const { outputs, milliseconds } = await this.model.run([row]);
    const labels = this.manifest.labels ?? [];
    const said: Said = words
      ? { kind: "parts", parts: taggedWords(text, words, only(outputs, "probabilities").values, labels) }
      : labelled(this.manifest.task, outputs, labels);
    return { said, looked: lookedAt(text, told), times: { ...clock.times, model: milliseconds }, cut: row.cut };
  }

  async #choose({ text, choices }: Asked): Promise<Outcome> {
    if (choices.length === 1 || (!choices.length && !this.#reader)) throw new Fault("one-choice");
    const clock = new Clock();
    const reader = this.#reader;
    const mentions = reader?.mentions(text) ?? [];
    clock.mark("link");
    const found = reader ? candidatesOf(reader, mentions, text, choices) : null;
    const texts = found?.texts ?? choices;
    const told = this.toldChoices(text, texts);
    clock.mark("select");
    const rows = told.map((one) => this.rowOf(one));
    const { outputs, milliseconds } = rows.length ? await this.model.run(rows) : { outputs: {}, milliseconds: 0 };
    const chances = rows.length ? [...only(outputs, "probabilities").values] : [];
    const times = { ...clock.times, model: milliseconds };
    const cut = rows.some((row) => row.cut);
    if (!reader || !found) return { said: likeliest(texts, chances), looked: null, times, cut };
    const { best, candidates, facts } = answerOf(reader, found, chances);
    const first = told[texts.indexOf(candidates[0]?.text ?? "")];
    const looked = {
      text,
      mentions,
      facts: first?.read ? readFacts(first) : [],
      reasons: facts,
      answer: best?.entity ?? null,
    };
    const said: Said = { kind: "chances", best: best ? [best.text] : [], chances: candidates, unknown: !best };
    return { said, looked, times, cut };
  }

  async #findIn({ text, second }: Asked): Promise<Outcome> {
    if (!second.trim()) throw new Fault("empty-second");
    const clock = new Clock();
    const told = this.told([text, second]);
    clock.mark("select");
    const { facts } = told;
    const found = await answerIn(this.tokens, this.model, text, second, facts, this.manifest.max_length);
    const times = { ...clock.times, model: found.milliseconds };
    return { said: { kind: "parts", parts: found.parts }, looked: lookedAt(text, told), times, cut: found.cut };
  }

  async #compare({ text, second }: Asked): Promise<Outcome> {
    if (!second.trim()) throw new Fault("empty-second");
    const vectors: Float32Array[] = [];
    const times = { link: 0, select: 0, model: 0 };
    let cut = false;
    for (const one of [text, second]) {
      const row = this.rowOf({ texts: [one], facts: [], read: null }); // each alone: int8 has one scale for a batch
      const { outputs, milliseconds } = await this.model.run([row]);
      vectors.push(only(outputs, "embedding").values);
      times.model += milliseconds;
      cut ||= row.cut;
    }
    const cosine = vectors[0].reduce((sum, value, at) => sum + value * vectors[1][at], 0);
    return { said: { kind: "similarity", cosine }, looked: null, times, cut };
  }

  async #fill({ text }: Asked): Promise<Outcome> {
    const mask = this.tokens.mask;
    if (mask === null || !text.replaceAll("[MASK]", mask).includes(mask))
      throw new Fault("no-mask", { mask: mask ?? "[MASK]" });
    const row = this.rowOf({ texts: [text.replaceAll("[MASK]", mask)], facts: [], read: null });
    const { outputs, milliseconds } = await this.model.run([row]);
    const said: Said = { kind: "fills", fills: fills(this.tokens, row.ids, only(outputs, "logits")) };
    return { said, looked: null, times: { link: 0, select: 0, model: milliseconds }, cut: row.cut };
  }
}

class Clock {
  readonly times: Times = { link: 0, select: 0, model: 0 };
  #last = performance.now();

  mark(name: keyof Times): void {
    const now = performance.now();
    this.times[name] += now - this.#last;
    this.#last = now;
  }
}

function only(outputs: Readonly<Record<string, Output>>, name: string): Output {
  const output = outputs[name];
  if (!output) throw new Fault("model", { why: `${name}: ${Object.keys(outputs).join(", ")}` });
  return output;
}

function labelled(task: string, outputs: Readonly<Record<string, Output>>, labels: readonly string[]): Said {
  if (task === "regression") return { kind: "score", score: only(outputs, "score").values[0] };
  const chances = [...only(outputs, "probabilities").values];
  const names = chances.map((_, number) => labels[number] ?? String(number));
  if (task !== "multilabel") return likeliest(names, chances);
  const likely = likeliest(names, chances);
  return { ...likely, best: names.filter((_, number) => chances[number] >= 0.5) };
}

function likeliest(names: readonly string[], chances: readonly number[]): Extract<Said, { kind: "chances" }> {
  const sorted = names
    .map((text, place) => ({ text, chance: chances[place] }))
    .sort((one, other) => other.chance - one.chance);
  return { kind: "chances", best: sorted.slice(0, 1).map((one) => one.text), chances: sorted, unknown: false };
}

function lookedAt(text: string, told: Told): Looked | null {
  return told.read && { text, mentions: told.read.mentions, facts: readFacts(told), reasons: [], answer: null };
}

/** The facts whose sentences had room beside the text. */
function readFacts({ facts, read }: Told): Looked["facts"] {
  const kept = new Set(facts);
  return read ? read.chosen.filter((_, place) => kept.has(read.facts[place])) : [];
}
