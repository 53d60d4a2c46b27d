// What a question asks for (src/hodu/knowledge/asked.py): things of which classes, or along which relations, by the words that the graph has for them.

import type { CompiledGraph } from "./compiled.ts";
import type { Route } from "./routes.ts";
import { fold } from "./surfaces.ts";
import type { Mention } from "./types.ts";
import { languageOf } from "./vocabulary.ts";

const MOST_WORDS = 100; // of the last sentence: a question has fewer
const ENDS = new Set(".?!。？！\n");
// Question words that ask for something, whether or not the graph has it.
const ASK_EN = new Set("who whom whose where when why how what which".split(" "));
const ASK_KO = "누구 누가 누굴 어디 언제 왜 어떻게 어땠 얼마 며칠 무엇 무얼 뭐 뭘 뭔".split(" ");
const WHICH_EN = new Set(["what", "which"]);
const WHICH_KO = new Set(["무슨", "어떤", "어느", "몇", "뭔"]);
const WHAT = "what which 무엇 무얼 뭐 뭘 뭔 무슨 어떤 어느".split(" ");
// Behind what: no noun that says what kind, but the question goes on.
const GOES_ON = new Set(
  (
    "do does did is are was were am be been s re d ll has have had can could will would shall should may might must to of on in with for about else exactly " +
    "i you he she it we they one people somebody someone the a an this that these those my your his her our their"
  ).split(" "),
);
const IS = new Set("is are was were s".split(" "));
const ITS = new Set("the a an my your his her its our their".split(" "));
const OF = new Set(["of", "like"]); // what is the PRICE of it, what was the WEATHER like
const THING_KO = /^(것|거|게|걸|건)(은|는|이|을|를|으로|로|에|일까|인가|이지|야)?$/;
const IS_WHAT_KO = /^(무엇[일이인입]|뭘까|뭐[야지예에니일죠였가]|뭔[가지데])/;
const TOPIC_KO = /^.+[은는이가]$/s;

/** Numbers of the classes and of the relations that are asked for; null: any. */
export interface Asked {
  readonly classes: ReadonlySet<number> | null;
  readonly relations: ReadonlySet<number> | null;
}

/** By what a question asks for these: folded words, the class of what may follow the last of them in Korean (-1: anything), and whether they are a class's name, which stands behind which or 무슨, or a question word. */
export interface Asking {
  readonly words: readonly string[];
  readonly tails: number;
  readonly name: boolean;
  readonly classes: ReadonlySet<number>;
  readonly relations: ReadonlySet<number>;
}

interface Word {
  readonly text: string;
  readonly mentioned: boolean;
}

/** What the last sentence of a question asks for; `mentions`: those of the whole question. */
export function askedFor(graph: CompiledGraph, question: string, mentions: readonly Mention[]): Asked {
  const language = languageOf(question);
  const known = graph.asking.get(language) ?? [];
  const words = known.length ? wordsOf(question, mentions) : [];
  const finder = new Finder(known, words, graph.linker.tails);
  const relations = new Set(
    words.flatMap((word, place) => (word.mentioned ? [] : [...(finder.along(place)?.relations ?? [])])),
  );
  if (relations.size) return { classes: null, relations };
  if (!known.some(isOfClass)) return { classes: null, relations: null };
  const first = words.findIndex((word, place) => asks(word.text, language === "ko") || finder.word(place));
  if (first < 0) return { classes: null, relations: null };
  return { classes: (language === "ko" ? korean : english)(finder, words, first), relations: null };
}

/** The entities of the classes that are asked for; null where any may be the answer. */
export function entitiesOf(graph: CompiledGraph, asked: Asked): number[] | null {
  return asked.classes && graph.entitiesOf(asked.classes);
}

/** The routes on which a path ends with a relation that is asked for, in either direction. */
export function along(graph: CompiledGraph, found: readonly Route[], { relations }: Asked): readonly Route[] {
  if (!relations) return found;
  const either = new Set([...relations].flatMap((one) => [one, graph.inverses.get(one) ?? one]));
  return found.filter((route) => route.arms.some((arm) => either.has(arm.steps[arm.steps.length - 1].relation)));
}

function wordsOf(question: string, mentions: readonly Mention[]): Word[] {
  const characters = [...question];
  const folded = characters.map(fold);
  const sentences: (readonly [number, number])[] = [];
  let start = 0;
  for (let place = 0; place <= characters.length; place += 1) {
    if (place < characters.length && !ENDS.has(characters[place])) continue;
    if (folded.slice(start, place).some((one) => one !== " ")) sentences.push([start, place]);
    start = place + 1;
  }
  const [first, past] = sentences.at(-1) ?? [0, 0];
  const words: Word[] = [];
  for (let place = first; place < past; ) {
    if (folded[place] === " ") {
      place += 1;
      continue;
    }
    let end = place;
    while (end < past && folded[end] !== " ") end += 1;
    const at = place;
    const mentioned = mentions.some((one) => one.start <= at && at < one.end);
    words.push({ text: folded.slice(place, end).join("").normalize("NFC"), mentioned });
    place = end;
  }
  return words.slice(-MOST_WORDS);
}

function asks(word: string, korean: boolean): boolean {
  if (!korean) return ASK_EN.has(word);
  return WHICH_KO.has(word) || (ASK_KO.some((one) => word.startsWith(one)) && word !== "언제나");
}

function isOfClass(one: Asking): boolean {
  return !one.name && !one.relations.size;
}

/** The longest known words that begin at a place. */
class Finder {
  readonly #known: readonly Asking[];
  readonly #words: readonly string[];
  readonly #tails: ReadonlyMap<string, number>;

  constructor(known: readonly Asking[], words: readonly Word[], tails: ReadonlyMap<string, number>) {
    this.#known = known;
    this.#words = words.map((word) => word.text);
    this.#tails = tails;
  }

  along(place: number): Asking | undefined {
    return this.#longest(place, (one) => one.relations.size > 0);
  }

  word(place: number): Asking | undefined {
    return this.#longest(place, isOfClass);
  }

  /** The name of a class at the first of these places that has one. */
  name(...places: readonly number[]): Asking | undefined {
    for (const place of places) {
      const found = this.#longest(place, (one) => one.name);
      if (found) return found;
    }
    return undefined;
  }

  #longest(place: number, wanted: (one: Asking) => boolean): Asking | undefined {
    let best: Asking | undefined;
    for (const one of this.#known)
      if (wanted(one) && this.#fits(one, place) && (!best || size(one) > size(best))) best = one;
    return best;
  }

  #fits({ words, tails }: Asking, place: number): boolean {
    const here = this.#words.slice(place, place + words.length);
    const last = words[words.length - 1];
    if (here.length < words.length || !here[here.length - 1].startsWith(last)) return false;
    if (words.slice(0, -1).some((word, at) => word !== here[at])) return false;
    const tail = here[here.length - 1].slice(last.length);
    if (/^[\0-\x7f]*$/.test(last)) return !tail;
    return tails < 0 || ((this.#tails.get(tail) ?? 0) & (1 << tails)) !== 0;
  }
}

function size(one: Asking): number {
  return one.words.reduce((count, word) => count + [...word].length, 0);
}

/** What the question word alone asks for: of those that the graph does not say, what asks for anything, and the others for nothing that it has. */
function itself(finder: Finder, words: readonly Word[], place: number): ReadonlySet<number> | null {
  const said = finder.word(place);
  if (said) return said.classes;
  return WHAT.some((one) => words[place].text.startsWith(one)) ? null : new Set();
}

function english(finder: Finder, words: readonly Word[], place: number): ReadonlySet<number> | null {
  let noun = place + 1;
  if (!WHICH_EN.has(words[place].text) || noun === words.length) return itself(finder, words, place);
  if (!GOES_ON.has(words[noun].text)) return finder.name(noun, noun + 1)?.classes ?? new Set(); // which tool, which old tool, what color
  if (IS.has(words[noun].text) && noun + 2 < words.length && ITS.has(words[noun + 1].text)) {
    noun += 2; // what is the ...
    const named = finder.name(noun);
    if (!words[noun].mentioned && (named || noun + 1 === words.length || OF.has(words[noun + 1].text)))
      return named?.classes ?? new Set();
  }
  return itself(finder, words, place);
}

function korean(finder: Finder, words: readonly Word[], place: number): ReadonlySet<number> | null {
  const word = words[place].text;
  const noun = place + 1;
  if (WHICH_KO.has(word) && noun < words.length) {
    const named = finder.name(noun, noun + 1); // 무슨 도구로, 무슨 색일까
    if (named || !THING_KO.test(words[noun].text)) return named?.classes ?? new Set();
  }
  const before = place ? words[place - 1] : undefined;
  if (before && !before.mentioned && IS_WHAT_KO.test(word) && TOPIC_KO.test(before.text)) {
    const named = finder.name(place - 1); // 재료는 무엇일까, 이름은 무엇일까
    if (named || !THING_KO.test(before.text)) return named?.classes ?? new Set();
  }
  return itself(finder, words, place);
}
