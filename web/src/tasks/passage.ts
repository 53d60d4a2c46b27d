// The part of a passage that answers a question: windows over a long one as src/hodu/data/windows.py makes them, the likeliest span of all.

import { continues } from "../knowledge/link.ts";
import { withFacts } from "../model/inputs.ts";
import type { Model } from "../model/model.ts";
import type { Tokens } from "../model/tokens.ts";
import type { Part } from "./outcome.ts";

const LONGEST = 30; // tokens of an answer
const MOST_WINDOWS = 24;

interface Span {
  readonly first: number; // pieces of the passage
  readonly last: number;
  readonly chance: number;
}

export interface Found {
  readonly parts: readonly Part[];
  readonly milliseconds: number;
  readonly cut: boolean;
}

export async function answerIn(
  tokens: Tokens,
  model: Model,
  question: string,
  passage: string,
  facts: readonly string[],
  longest: number,
): Promise<Found> {
  const most = roomBeside(tokens, facts, longest);
  const asked = tokens.pieces(question).slice(0, Math.floor(most / 2));
  const pieces = tokens.pieces(passage);
  const whole = tokens.rowOf(asked, [], most).ids;
  const before = whole.length - trailing(tokens, asked, most);
  const room = most - whole.length;
  const step = room - Math.floor(most / 4);
  let best: Span = { first: 0, last: -1, chance: -1 };
  let milliseconds = 0;
  let start = 0;
  for (let window = 0; window < MOST_WINDOWS && start < Math.max(pieces.length, 1); window += 1) {
    const some = pieces.slice(start, start + room);
    const row = tokens.rowOf(asked, some, most);
    const said = await model.run([withFacts(tokens, row, facts, longest)]);
    milliseconds += said.milliseconds;
    const span = likeliest(said.outputs["start"].values, said.outputs["end"].values, before, some.length);
    if (span.chance > best.chance) best = { first: start + span.first, last: start + span.last, chance: span.chance };
    if (start + room >= pieces.length) break;
    start += step;
  }
  return {
    parts: marked(passage, placesOf(tokens, passage, pieces), best),
    milliseconds,
    cut: start + room < pieces.length,
  };
}

/** How many tokens a window may have, so that the facts have room behind it, but at least half of all. */
function roomBeside(tokens: Tokens, facts: readonly string[], longest: number): number {
  if (!facts.length) return longest;
  const taken = withFacts(tokens, { ids: [], types: [], cut: false }, facts, Infinity).ids.length;
  const least = 4 * tokens.rowOf([], [], longest).ids.length + 8;
  return Math.min(longest, Math.max(longest - taken, Math.floor(longest / 2), least));
}

/** How many special tokens stand behind a passage. */
function trailing(tokens: Tokens, asked: readonly string[], most: number): number {
  const empty = tokens.rowOf(asked, [], most).ids;
  const some = tokens.rowOf(asked, tokens.pieces("a").slice(0, 1), most).ids;
  let same = 0;
  while (same < empty.length && empty.at(-1 - same) === some.at(-1 - same)) same += 1;
  return Math.min(same, 1);
}

function likeliest(starts: Float32Array, ends: Float32Array, before: number, count: number): Span {
  let best: Span = { first: 0, last: -1, chance: -1 };
  for (let first = 0; first < count; first += 1)
    for (let last = first; last < Math.min(count, first + LONGEST); last += 1) {
      const chance = starts[before + first] * ends[before + last];
      if (chance > best.chance) best = { first, last, chance };
    }
  return best;
}

function marked(
  passage: string,
  places: readonly (readonly [number, number])[],
  { first, last, chance }: Span,
): Part[] {
  const characters = [...passage];
  const text = (from: number, to?: number): string => characters.slice(from, to).join("");
  if (last < first || !places.length) return [{ text: passage, label: "", chance: 1 }];
  const [from, to] = [places[first][0], places[last][1]];
  return [
    { text: text(0, from), label: "", chance: 1 },
    { text: text(from, to), label: "answer", chance },
    { text: text(to), label: "", chance: 1 },
  ];
}

/** Where each piece stands in the text, in characters: pieces are looked for one after another in the text as the tokenizer normalises it. */
export function placesOf(tokens: Tokens, text: string, pieces: readonly string[]): (readonly [number, number])[] {
  const { normal, from } = normalised(tokens, [...text]);
  let at = 0;
  return pieces.map((piece, number) => {
    while (/\s/u.test(normal[at] ?? "")) at += 1;
    const said = [...surface(tokens, piece)];
    const matches = said.length > 0 && said.every((character, place) => normal[at + place] === character);
    const start = at;
    if (matches) at += said.length;
    else if (number + 1 < pieces.length || at < normal.length) at = wordEnd(normal, at); // [UNK], or a part of a character
    return [
      from[start] ?? from[from.length - 1],
      matches ? endOf(from, at) : (from[at] ?? from[from.length - 1]),
    ] as const;
  });
}

function endOf(from: readonly number[], at: number): number {
  return from[at] === from[at - 1] ? from[at] + 1 : from[at];
}

function wordEnd(normal: readonly string[], at: number): number {
  let end = at;
  while (end < normal.length && !/\s/u.test(normal[end])) end += 1;
  return end;
}

function surface(tokens: Tokens, piece: string): string {
  if (piece.startsWith("##")) return piece.slice(2);
  const id = tokens.id(piece);
  return /^[Ġ▁]|[\u0100-\u0143]/u.test(piece) && id !== undefined ? tokens.decoded([id]).trim() : piece;
}

/** The text as the tokenizer has it, and of each of its characters (and of its end) the place in the text as it came. */
function normalised(tokens: Tokens, characters: readonly string[]): { normal: string[]; from: number[] } {
  const normal: string[] = [];
  const from: number[] = [];
  let start = 0;
  for (let place = 1; place <= characters.length; place += 1) {
    if (place < characters.length && continues(characters[place])) continue;
    for (const character of tokens.normalised(characters.slice(start, place).join(""))) {
      normal.push(character);
      from.push(start);
    }
    start = place;
  }
  from.push(characters.length);
  return { normal, from };
}
