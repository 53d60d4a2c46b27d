// Entities in a text (src/hodu/knowledge/link.py): the longest surface from each start of a word whose tail is right.
//
// Python asks an automaton. Here the surfaces stay as the file has them, sorted, and the few starts of a question's words are looked up among them: nothing is built when a graph is opened.

import { bytes, part } from "./compiled.ts";
import { tailMasks, VERBAL } from "./endings.ts";
import type { Section } from "./layout.ts";
import { fold, REASONS } from "./surfaces.ts";
import type { Candidate, Mention } from "./types.ts";

const LONGEST_TAIL = 24;
const MOST_ENTRIES = 256; // of one surface: a name that ten thousand entities share is cut at the best of them

interface Chosen {
  readonly end: number;
  readonly pattern: number;
  readonly mask: number;
}

export class Linker {
  readonly surfaces: Uint8Array;
  readonly places: Uint32Array; // where each surface begins; each but the last ends a line before the next
  readonly starts: Section;
  readonly entity: Section;
  readonly score: Section;
  readonly tail: Section;
  readonly reason: Section;
  readonly tails: ReadonlyMap<string, number>;

  constructor(sections: Map<string, Section>) {
    this.surfaces = bytes(sections, "surfaces");
    this.places = lines(this.surfaces);
    this.starts = part(sections, "entry_starts");
    this.entity = part(sections, "entry_entity");
    this.score = part(sections, "entry_score");
    this.tail = part(sections, "entry_tails");
    this.reason = part(sections, "entry_reason");
    this.tails = tailMasks(bytes(sections, "tails"));
  }

  /** The classes of tails that any entry of a surface has, as bits. */
  mask(pattern: number): number {
    let mask = 0;
    for (let entry = this.starts[pattern]; entry < this.starts[pattern + 1]; entry += 1) mask |= 1 << this.tail[entry];
    return mask;
  }

  /** The surfaces that begin at a byte of a text, short ones first: their numbers and lengths. */
  *from(text: Uint8Array, at: number): Generator<readonly [number, number]> {
    let low = 0;
    let high = this.places.length - 1;
    for (let depth = 0; low < high; depth += 1) {
      if (this.#length(low) === depth) {
        yield [low, depth];
        low += 1;
      }
      if (at + depth >= text.length) return;
      const next = text[at + depth];
      low = this.#first(low, high, depth, next);
      high = this.#first(low, high, depth, next + 1);
    }
  }

  #length(pattern: number): number {
    return this.places[pattern + 1] - this.places[pattern] - 1;
  }

  /** The first of some surfaces, alike up to `depth`, whose byte there is not less than this one. */
  #first(low: number, high: number, depth: number, byte: number): number {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.surfaces[this.places[middle] + depth] < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lines(text: Uint8Array): Uint32Array {
  if (!text.length) return new Uint32Array(1);
  let count = 1;
  for (const byte of text) count += Number(byte === 0x0a);
  const places = new Uint32Array(count + 1);
  let line = 1;
  for (let at = 0; at < text.length; at += 1) if (text[at] === 0x0a) places[line++] = at + 1;
  places[count] = text.length + 1;
  return places;
}

/** The longest mentions that do not overlap, from left to right, each with its best `limit` candidates. */
export function link(linker: Linker, text: string, limit = 8): Mention[] {
  return isDecomposed(text) ? linkDecomposed(linker, text, limit) : linked(linker, [...text], limit);
}

function linked(linker: Linker, text: readonly string[], limit: number): Mention[] {
  const folded = [" ", ...text.map(fold), " "];
  const found: Mention[] = [];
  let last = 0;
  for (const [start, { end, pattern, mask }] of chosen(linker, folded)) {
    if (start < last) continue;
    last = end;
    const { verbal, candidates } = meanings(linker, pattern, mask, limit);
    const stop = (verbal ? folded.indexOf(" ", end) : end) - 1;
    found.push({ start, end: stop, surface: text.slice(start, stop).join(""), candidates });
  }
  return found;
}

/** By its start, in order, the longest surface there that has a right tail. */
function chosen(linker: Linker, folded: readonly string[]): Map<number, Chosen> {
  const text = new TextEncoder().encode(folded.join(""));
  const places = bytePlaces(folded);
  const found = new Map<number, Chosen>();
  for (let start = 0; start < folded.length - 1; start += 1) {
    if (folded[start] !== " ") continue;
    for (const [pattern, length] of linker.from(text, places.at[start + 1])) {
      const end = places.characters[places.at[start + 1] + length];
      const stop = folded.indexOf(" ", end);
      if (stop < 0 || stop - end >= LONGEST_TAIL) continue;
      const mask = linker.tails.get(folded.slice(end, stop).join(""));
      if (mask !== undefined && linker.mask(pattern) & mask) found.set(start, { end, pattern, mask });
    }
  }
  return found;
}

/** Of each character its first byte, and of each byte its character. */
function bytePlaces(folded: readonly string[]): { at: number[]; characters: number[] } {
  const at: number[] = [];
  const characters: number[] = [];
  folded.forEach((character, number) => {
    const code = character.codePointAt(0) ?? 0;
    at.push(characters.length);
    for (let byte = 0; byte < (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4); byte += 1)
      characters.push(number);
  });
  characters.push(folded.length);
  return { at, characters };
}

/** Whether a surface is that of a verb here, and its best candidates. */
function meanings(
  linker: Linker,
  pattern: number,
  mask: number,
  limit: number,
): { verbal: boolean; candidates: Candidate[] } {
  const first = linker.starts[pattern];
  const past = linker.starts[pattern + 1];
  if (past === first + 1) return { verbal: 1 << linker.tail[first] >= VERBAL, candidates: [candidate(linker, first)] };
  let verbal = false;
  const fit = new Map<number, Candidate>(); // an entity may have one start in several classes: 놀- alone and before tails
  for (let entry = first; entry < past; entry += 1) {
    const bits = 1 << linker.tail[entry];
    if (bits & mask && !fit.has(linker.entity[entry])) {
      if (!fit.size) verbal = bits >= VERBAL;
      fit.set(linker.entity[entry], candidate(linker, entry));
    }
    if (fit.size && (fit.size >= limit || entry - first + 1 >= MOST_ENTRIES)) break;
  }
  return { verbal, candidates: [...fit.values()] };
}

function candidate(linker: Linker, entry: number): Candidate {
  return { entity: linker.entity[entry], score: linker.score[entry], reason: REASONS[linker.reason[entry]] };
}

/** Links the composed text (한 for ㅎ, ㅏ, ㄴ) and gives places in the text as it came. */
function linkDecomposed(linker: Linker, text: string, limit: number): Mention[] {
  const came = [...text];
  const places: number[] = [];
  const composed: string[] = [];
  let start = 0;
  for (let place = 1; place <= came.length; place += 1) {
    if (place < came.length && continues(came[place])) continue;
    const piece = [...came.slice(start, place).join("").normalize("NFC")];
    composed.push(...piece);
    places.push(...piece.map(() => start));
    start = place;
  }
  places.push(came.length);
  if (isDecomposed(composed.join(""))) return []; // never seen; better unlinked than without end
  return linked(linker, composed, limit).map((one) => {
    const [from, to] = [places[one.start], places[one.end]];
    return { start: from, end: to, surface: came.slice(from, to).join(""), candidates: one.candidates };
  });
}

function isDecomposed(text: string): boolean {
  return text.normalize("NFC") !== text;
}

/** Whether a character is composed with the one before it: a combining mark, or a Hangul vowel or final. */
export function continues(character: string): boolean {
  return isCombining(character) || (character >= "\u1160" && character <= "\u11ff");
}

/** Whether a character has a combining class: then it changes places with U+0345, whose class is the highest there is. */
function isCombining(character: string): boolean {
  if (!/\p{M}/u.test(character) || "\u0f73\u0f75\u0f81".includes(character)) return false;
  return character === "\u0345" || !`a\u0345${character}`.normalize("NFD").startsWith("a\u0345");
}
