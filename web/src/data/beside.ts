// Facts beside texts (src/hodu/data/beside.py): which of them fit, and as tokens behind the text's own.

import type { GraphReader, Read } from "../knowledge/reader.ts";

/** How many tokens of facts stand beside a text, and who counts them (each with its separator). */
export interface Budget {
  readonly tokens: number;
  readonly count: (fact: string) => number;
}

/** A text (or a pair, or a question with one of its choices) and the sentences beside it. */
export interface Told {
  readonly texts: readonly string[];
  readonly facts: readonly string[];
  readonly read: Read | null; // where they are from; null without a graph
}

/** The best facts that fit; one that is too long is passed over for the next. */
export function within(facts: readonly string[], budget: Budget): string[] {
  let left = budget.tokens;
  return facts.filter((fact) => {
    const needed = budget.count(fact);
    if (needed > left) return false;
    left -= needed;
    return true;
  });
}

/** A text or a pair with its facts. */
export function beside(reader: GraphReader, texts: readonly string[], budget: Budget): Told {
  const read = reader.read(texts);
  return { texts: read.facts.length ? read.texts : texts, facts: within(read.facts, budget), read };
}

/** A question with each of its choices. Numbers in the question do not depend on the choice. */
export function besideChoices(
  reader: GraphReader,
  question: string,
  choices: readonly string[],
  budget: Budget,
): Told[] {
  const found = choices.map((choice) => reader.read([question], choice));
  const told = found.find((one) => one.facts.length > 0); // where nothing is told, no mention has a number
  return found.map((one, place) => ({
    texts: told ? [told.texts[0], one.texts[1]] : [question, choices[place]],
    facts: within(one.facts, budget),
    read: one,
  }));
}

/** As many facts, as tokens, as there is room for; none stands for one that is passed over, so that the others keep their places. */
export function fitting(facts: readonly (readonly number[])[], room: number): (readonly number[])[] {
  let left = room;
  return facts.map((fact) => {
    if (fact.length > left) return [];
    left -= fact.length;
    return fact;
  });
}
