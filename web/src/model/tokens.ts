// Texts to token ids as training makes them (src/hodu/data/tokenise.py): cut to the model's length, special tokens by the tokenizer's own template.

import { Tokenizer } from "@huggingface/tokenizers";
import { Fault } from "../errors.ts";

/** A row of tokens; `types` are 1 for the second text. */
export interface Row {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly cut: boolean; // whether there was more text than the model reads
}

const PADS = ["[PAD]", "<pad>"];
const MASKS = ["[MASK]", "<mask>"];

export class Tokens {
  readonly separator: number | null;
  readonly pad: number;
  readonly mask: string | null;
  readonly #tokenizer: Tokenizer;
  readonly #ofBytes: boolean;

  /** `separator`: what closes a fact, where the manifest says it; else what closes a text. */
  constructor(file: ArrayBuffer, separator?: number | null) {
    try {
      const told = JSON.parse(new TextDecoder().decode(file)) as {
        padding?: { pad_id?: number } | null;
        pre_tokenizer?: unknown;
      };
      this.#ofBytes = JSON.stringify(told.pre_tokenizer ?? null).includes("ByteLevel");
      this.#tokenizer = new Tokenizer(told, {});
      const known = (names: readonly string[]): string | undefined =>
        names.find((name) => this.#tokenizer.token_to_id(name) !== undefined);
      this.pad = told.padding?.pad_id ?? this.#id(known(PADS)) ?? 0;
      this.mask = known(MASKS) ?? null;
    } catch (error) {
      throw new Fault("tokenizer", { why: String(error) });
    }
    this.separator = separator ?? this.#processed([], null).ids.at(-1) ?? null;
  }

  /** The ids of a sentence, without special tokens. */
  plain(text: string): number[] {
    return this.#ids(this.pieces(text));
  }

  pieces(text: string): string[] {
    return this.#tokenizer.tokenize(this.#ofBytes ? text : withSpaces(text));
  }

  id(token: string): number | undefined {
    return this.#id(token);
  }

  /** What the ids say, as a person would write it. */
  decoded(ids: readonly number[]): string {
    return this.#tokenizer.decode([...ids]);
  }

  /** The characters of a text as the model's pieces have them: lower case, composed, as it may be. */
  normalised(text: string): string {
    return this.#tokenizer.normalizer ? this.#tokenizer.normalizer.normalize(text) : text;
  }

  /** A text or a pair; one that is too long loses tokens of its longer text first. */
  row(texts: readonly string[], most: number): Row {
    const [first, second] = texts.map((text) => this.pieces(text));
    return this.rowOf(first, second ?? null, most);
  }

  rowOf(first: readonly string[], second: readonly string[] | null, most: number): Row {
    const room = most - this.#processed([], second ? [] : null).ids.length;
    const [one, other] = shares(first.length, second?.length ?? 0, room);
    const row = this.#processed(first.slice(0, one), second ? second.slice(0, other) : null);
    return { ...row, cut: one < first.length || other < (second?.length ?? 0) };
  }

  #processed(first: string[], second: string[] | null): { ids: number[]; types: number[] } {
    const processor = this.#tokenizer.post_processor;
    const made = processor ? processor.post_process(first, second, true) : { tokens: [...first, ...(second ?? [])] };
    const ids = this.#ids(made.tokens);
    return { ids, types: made.token_type_ids ?? ids.map(() => 0) };
  }

  #ids(pieces: readonly string[]): number[] {
    const unknown = this.#tokenizer.model?.unk_token_id;
    return pieces.map((piece) => {
      const id = this.#tokenizer.token_to_id(piece) ?? unknown;
      if (id === undefined) throw new Fault("tokenizer", { why: piece });
      return id;
    });
  }

  #id(token: string | undefined): number | undefined {
    return token === undefined ? undefined : this.#tokenizer.token_to_id(token);
  }
}

/** JavaScript calls the byte order mark a space and U+0085 none; the tokenizers library has it the other way round. U+2060 is the mark's twin that is none. */
function withSpaces(text: string): string {
  return text.replaceAll("\ufeff", "\u2060").replaceAll("\x85", " ");
}

/** How many tokens of each text stay: `longest_first` of the tokenizers library. */
function shares(first: number, second: number, room: number): readonly [number, number] {
  if (first + second <= room) return [first, second];
  if (!second) return [Math.max(room, 0), 0];
  let [short, long] = first <= second ? [first, second] : [second, first];
  long = short > room ? short : Math.max(short, room - short);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return first <= second ? [short, long] : [long, short];
}
