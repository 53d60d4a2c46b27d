// A class for each word, at its first piece (src/hodu/data/tagging.py).

import type { Row, Tokens } from "../model/tokens.ts";
import type { Part } from "./outcome.ts";

export interface WordsRow extends Row {
  readonly firsts: readonly number[]; // of each word the place of its first piece, -1 for one without
}

const WORD = /\S+/gu;

export function wordsOf(tokens: Tokens, text: string, most: number): WordsRow {
  const pieces = [...text.matchAll(WORD)].map((word) => tokens.pieces(word[0]));
  const row = tokens.rowOf(pieces.flat(), null, most);
  const special = tokens.rowOf([], null, most).ids.length;
  const before = row.ids.length > special ? firstPlace(tokens, most) : 0;
  const past = row.ids.length - (special - before);
  let place = before;
  const firsts = pieces.map((word) => {
    const first = word.length && place < past ? place : -1;
    place += word.length;
    return first;
  });
  return { ...row, firsts };
}

/** How many special tokens stand before a text. */
function firstPlace(tokens: Tokens, most: number): number {
  const empty = tokens.rowOf([], null, most).ids;
  const some = tokens.rowOf(tokens.pieces("a"), null, most).ids;
  const changed = some.findIndex((id, at) => id !== empty[at]);
  return changed < 0 ? empty.length : changed;
}

/** The text in parts: words that go on with one class (B-PER, I-PER) are one. */
export function taggedWords(text: string, row: WordsRow, chances: Float32Array, labels: readonly string[]): Part[] {
  const parts: Part[] = [];
  let last = 0;
  [...text.matchAll(WORD)].forEach((word, number) => {
    const { label, chance } = best(row.firsts[number], chances, labels);
    const space = text.slice(last, word.index);
    last = word.index + word[0].length;
    const before = parts.at(-1);
    if (before && label && before.label === plain(label) && !label.startsWith("B-")) {
      parts[parts.length - 1] = {
        text: before.text + space + word[0],
        label: before.label,
        chance: Math.min(before.chance, chance),
      };
      return;
    }
    if (space) parts.push({ text: space, label: "", chance: 1 });
    parts.push({ text: word[0], label: plain(label), chance });
  });
  return [...parts, { text: text.slice(last), label: "", chance: 1 }];
}

function best(first: number, chances: Float32Array, labels: readonly string[]): { label: string; chance: number } {
  if (first < 0) return { label: "", chance: 1 };
  const own = [...chances.subarray(first * labels.length, (first + 1) * labels.length)];
  const chance = Math.max(...own);
  const label = labels[own.indexOf(chance)];
  return { label: label === "O" ? "" : label, chance };
}

function plain(label: string): string {
  return label.replace(/^[BIES]-/, "");
}
