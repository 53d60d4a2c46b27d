// What stands beside a text (src/hodu/knowledge/reader.py): the facts that a graph has about what the text mentions, as sentences.

import type { CompiledGraph } from "./compiled.ts";
import { link } from "./link.ts";
import { select } from "./select.ts";
import type { Fact, Mention } from "./types.ts";
import { verbalise } from "./verbalise.ts";
import { languageOf } from "./vocabulary.ts";

export interface Read {
  readonly texts: readonly string[]; // with slots, a number before each mention
  readonly facts: readonly string[]; // sentences, best first
  readonly chosen: readonly Fact[];
  readonly mentions: readonly Mention[]; // those of all texts, one text after another
}

export interface ReaderSettings {
  readonly limit: number;
  readonly hops: number;
  readonly slots: boolean;
}

export class GraphReader {
  readonly graph: CompiledGraph;
  readonly settings: ReaderSettings;

  constructor(graph: CompiledGraph, settings: ReaderSettings) {
    this.graph = graph;
    this.settings = settings;
  }

  /** The facts that matter for these texts together, in the language of the first; with a choice, which is read as one text more, those in which it has a part first. */
  read(texts: readonly string[], choice: string | null = null): Read {
    const { limit, hops, slots } = this.settings;
    const together = choice === null ? texts : [...texts, choice];
    const linked = together.map((text) => link(this.graph.linker, text));
    const mentions = linked.flat();
    const first = choice === null ? 0 : mentions.length - linked[linked.length - 1].length;
    const chosen = select(this.graph, mentions, hops, limit, first);
    const numbers = slots && chosen.length ? numbered(linked) : new Map<number, number>();
    const language = languageOf(texts[0]);
    return {
      texts: numbers.size ? together.map((text, place) => marked(text, linked[place], numbers)) : together,
      facts: chosen.map((fact) => this.#said(fact, language, numbers)),
      chosen,
      mentions,
    };
  }

  mentions(text: string): Mention[] {
    return link(this.graph.linker, text);
  }

  /** The entity that a short text names, or mentions first; null where the graph knows none. */
  entity(text: string): number | null {
    return link(this.graph.linker, text)[0]?.candidates[0].entity ?? null;
  }

  #said(fact: Fact, language: string, numbers: ReadonlyMap<number, number>): string {
    const [subject, object] = [fact.subject, fact.object].map((end) => {
      const label = this.graph.label(end, language);
      return numbers.has(end) ? `${numbers.get(end)} ${label}` : label;
    });
    return verbalise(this.graph.relations[fact.relation], subject, object, language);
  }
}

/** Entity → number, from 1: of each mention all candidates have one, and what is mentioned again keeps its own. What is first new in the last text of several, such as a choice, is 0. */
function numbered(linked: readonly (readonly Mention[])[]): Map<number, number> {
  const numbers = new Map<number, number>();
  linked.forEach((mentions, place) => {
    for (const { candidates } of mentions) {
      const known = candidates.find((one) => numbers.has(one.entity));
      const used = new Set(numbers.values());
      const fresh = place && place === linked.length - 1 && !used.has(0) ? 0 : used.size - Number(used.has(0)) + 1;
      const number = (known && numbers.get(known.entity)) ?? fresh;
      for (const one of candidates) if (!numbers.has(one.entity)) numbers.set(one.entity, number);
    }
  });
  return numbers;
}

function marked(text: string, mentions: readonly Mention[], numbers: ReadonlyMap<number, number>): string {
  const characters = [...text];
  let said = "";
  let last = 0;
  for (const mention of mentions) {
    said += `${characters.slice(last, mention.start).join("")}${numbers.get(mention.candidates[0].entity)} `;
    last = mention.start;
  }
  return said + characters.slice(last).join("");
}
