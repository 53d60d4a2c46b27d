// What a task answers, for the page to show.

import type { Fact, Mention } from "../knowledge/types.ts";

export interface Asked {
  readonly text: string;
  readonly second: string; // the other text of a pair, or a passage; "" for none
  readonly choices: readonly string[];
}

export interface Chance {
  readonly text: string;
  readonly chance: number;
}

export interface Part {
  readonly text: string;
  readonly label: string; // "" for none
  readonly chance: number;
}

export type Said =
  | {
      readonly kind: "chances";
      readonly best: readonly string[];
      readonly chances: readonly Chance[];
      readonly unknown: boolean;
    }
  | { readonly kind: "score"; readonly score: number }
  | { readonly kind: "parts"; readonly parts: readonly Part[] }
  | { readonly kind: "similarity"; readonly cosine: number }
  | { readonly kind: "fills"; readonly fills: readonly (readonly Chance[])[] };

/** What was looked up: the facts beside the text, and those on the way to the answer. */
export interface Looked {
  readonly text: string;
  readonly mentions: readonly Mention[];
  readonly facts: readonly Fact[]; // read by the model
  readonly reasons: readonly Fact[]; // the paths to the answer
  readonly answer: number | null;
}

export interface Times {
  link: number;
  select: number;
  model: number;
}

export interface Outcome {
  readonly said: Said;
  readonly looked: Looked | null;
  readonly times: Times;
  readonly cut: boolean; // whether some of the text was not read
}
