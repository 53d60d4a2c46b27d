// What a question asks for (src/hodu/knowledge/asked.py): things of which classes, or along which relations, by the words that the graph has for them.

import type { CompiledGraph } from "./compiled.ts";
import type { Route } from "./routes.ts";
import { fold } from "./surfaces.ts";
import type { Mention } from "./types.ts";
import { languageOf } from "./vocabulary.ts";

const MOST_SENTENCES = 20; // a question has fewer
const MOST_WORDS = 100;

const listed = (words: string): readonly string[] => words.split(" ");
const ASK_EN = listed("who whom whose where when why how what which");
const WHICH_EN = listed("what which");
const WHEN_EN = listed("where when why"); // also begin clauses: when they dug, ...
const AUXILIARY = listed(
  "do does did is are was were s be been has have had can could will would shall should may might must",
);
// Behind what: no noun that says of what kind, but the question goes on.
const GOES_ON = [
  ...AUXILIARY,
  ...listed(
    "am re d ll ve m don doesn didn isn aren wasn weren hasn haven hadn couldn won wouldn shouldn mustn not never t to of on in with for about at by under from besides instead if or then " +
      "else exactly next most all both each ones one i you he she it we they people somebody someone everyone the a an this that these those my your his her our their",
  ),
];
const OWN = listed("my your his her its our their");
const ITS = [...OWN, "the", "a", "an"];
const KIND_OF = listed("kind kinds type types sort sorts name piece"); // of tool: tools, too

const ASK_KO = listed("누구 누가 누굴 어디 언제 왜 어떻게 어땠 얼마 며칠 무엇 무얼 뭐 뭘 뭔");
const SOME_KO = listed(
  "누군가 누구나 누구든 어디까지나 어디선가 어딘가 어디든 언제나 언젠가 왜냐 어떻게든 얼마든 무언가 무엇이든 뭔가 뭐라도 뭐든",
);
const WHICH_KO = listed("무슨 어떤 어느 뭔");
const NEVER_KNOWN = listed("언제 어땠 얼마 며칠");
const IS_WHAT_KO = /^(무엇(일|이었|이에|이야|이지|인가|인지|입)|뭘까|뭐(야|지|예|니|죠|였)|뭔(가|지|데))/;
const TOPIC_KO = /^.+[은는이가]$/s;
const LIKE_A_VERB = listed("은 는 한 운 린 된 의 고"); // the end of what describes the next noun
const WITH_KO = listed("으로 로");
const THING_KO = listed("것 거 게 걸 건 쪽");

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

const ANYTHING: Asked = { classes: null, relations: null };
const NOTHING: Asked = { classes: new Set(), relations: null };

/** What a question asks for, by its last sentence with a question mark, or with a question word; `mentions`: those of the whole question. */
export function askedFor(graph: CompiledGraph, question: string, mentions: readonly Mention[]): Asked {
  const language = languageOf(question);
  const known = graph.asking.get(language) ?? [];
  if (!known.length) return ANYTHING;
  for (const words of sentences(question, mentions)) {
    const finder = new Finder(known, words, graph.linker.tails);
    const places = words.flatMap((word, place) =>
      !word.mentioned && asks(finder, place, language === "ko") ? [place] : [],
    );
    if (places.length) return language === "ko" ? korean(finder, places[places.length - 1]) : english(finder, deciding(finder, places));
  }
  return ANYTHING;
}

/** The entities of the classes that are asked for; null where any may be the answer. */
export function entitiesOf(graph: CompiledGraph, asked: Asked): number[] | null {
  return asked.classes && graph.entitiesOf(asked.classes);
}

/**
 * The routes that lead to what is asked for: along a relation that is asked for, in either direction, and where mentions do not meet in one step, since of what is further away nobody asked.
 */
export function along(graph: CompiledGraph, found: readonly Route[], { classes, relations }: Asked): readonly Route[] {
  if (!classes && !relations) return found;
  const near = found.filter((route) => route.arms.length > 1 || route.arms[0].steps.length === 1);
  if (!relations) return near;
  const either = new Set([...relations].flatMap((one) => [one, graph.inverses.get(one) ?? one]));
  return near.filter((route) => route.arms.some((arm) => either.has(arm.steps[arm.steps.length - 1].relation)));
}

/** The words of each sentence: those with a question mark before others, and the last before those before it. */
function* sentences(question: string, mentions: readonly Mention[]): Generator<readonly Word[]> {
  const characters = [...question];
  const folded = characters.map(fold);
  const found: { readonly asks: boolean; readonly start: number; readonly end: number }[] = [];
  let start = 0;
  for (let end = 0; end <= characters.length; end += 1) {
    const mark = end < characters.length ? characters[end] : "";
    if (mark === ".") {
      const next = characters[end + 1];
      if (next !== undefined && !" \n\t".includes(next)) continue;
      const before = characters.slice(Math.max(start, end - 4), end).join("").split(" ").at(-1) ?? "";
      if ([...before].length < 4 && before[0] >= "A" && before[0] <= "Z") continue; // Dr. Smith: the sentence goes on
    } else if (mark && !"?!。？！\n".includes(mark)) continue;
    found.unshift({ asks: mark === "?" || mark === "？", start, end });
    start = end + 1;
  }
  const ranked = [...found.filter((one) => one.asks), ...found.filter((one) => !one.asks)];
  for (const { start, end } of ranked.slice(0, MOST_SENTENCES)) yield wordsOf(folded, start, end, mentions);
}

function wordsOf(folded: readonly string[], first: number, past: number, mentions: readonly Mention[]): Word[] {
  const places: (readonly [number, number])[] = [];
  for (let place = first; place < past; place += 1) {
    if (folded[place] === " ") continue;
    const start = place;
    while (place < past && folded[place] !== " ") place += 1;
    places.push([start, place]);
  }
  return places.slice(-MOST_WORDS).map(([start, end]) => ({
    text: folded.slice(start, end).join("").normalize("NFC"),
    mentioned: mentions.some((one) => one.start <= start && start < one.end),
  }));
}

function asks(finder: Finder, place: number, isKorean: boolean): boolean {
  const word = finder.words[place].text;
  if (isKorean) {
    if (starts(word, SOME_KO)) return false;
    return WHICH_KO.includes(word) || word === "몇" || starts(word, ASK_KO) || finder.word(place) !== undefined;
  }
  if (WHEN_EN.includes(word)) {
    const behind = finder.words.slice(place + 1, place + 3); // a question has its verb at once; other clauses have not
    return !behind.length || behind.some((one) => AUXILIARY.includes(one.text));
  }
  return ASK_EN.includes(word) || finder.word(place) !== undefined;
}

function starts(word: string, among: readonly string[]): boolean {
  return among.some((one) => word.startsWith(one));
}

/** The longest known words that begin at a place of a sentence. */
class Finder {
  readonly words: readonly Word[];
  readonly #along: readonly Asking[];
  readonly #names: readonly Asking[];
  readonly #words: readonly Asking[];
  readonly #tails: ReadonlyMap<string, number>;

  constructor(known: readonly Asking[], words: readonly Word[], tails: ReadonlyMap<string, number>) {
    this.words = words;
    this.#along = known.filter((one) => one.relations.size);
    this.#names = known.filter((one) => one.name);
    this.#words = known.filter((one) => !one.name && one.classes.size);
    this.#tails = tails;
  }

  /** A class's question word. */
  word(place: number): Asking | undefined {
    return this.#longest(this.#words, place);
  }

  /** A class's name. */
  name(place: number): Asking | undefined {
    return this.#longest(this.#names, place);
  }

  /** A relation's question word. */
  along(place: number): Asking | undefined {
    return this.#longest(this.#along, place);
  }

  #longest(among: readonly Asking[], place: number): Asking | undefined {
    let best: Asking | undefined;
    for (const one of among) if (this.#fits(one, place) && (!best || size(one) > size(best))) best = one;
    return best;
  }

  #fits({ words, tails }: Asking, place: number): boolean {
    const here = this.words.slice(place, place + words.length).map((word) => word.text);
    const last = words[words.length - 1];
    if (here.length < words.length || !here[here.length - 1].startsWith(last)) return false;
    if (words.slice(0, -1).some((word, at) => word !== here[at])) return false;
    const tail = here[here.length - 1].slice(last.length);
    if (/^[\0-\x7f]*$/.test(last)) return !tail;
    return tails < 0 || ((this.#tails.get(tail) ?? 0) & (1 << tails)) !== 0;
  }

  /** What has no name in a graph whose classes have question words. */
  nothing(): Asked {
    return this.#words.length ? NOTHING : ANYTHING;
  }

  /** What a question word alone asks for. */
  itself(place: number): Asked {
    const said = this.word(place);
    return said ? { classes: said.classes, relations: null } : ANYTHING;
  }
}

function size(one: Asking): number {
  return one.words.reduce((count, word) => count + [...word].length, 0);
}

/** Of several question words the last what or which with a verb or a class behind it; else the first. */
function deciding(finder: Finder, places: readonly number[]): number {
  for (const place of places.slice(1).reverse()) {
    if (!WHICH_EN.includes(finder.words[place].text)) continue;
    const behind = finder.words[place + 1]?.text;
    if ((behind !== undefined && AUXILIARY.includes(behind)) || finder.name(place + 1)) return place;
  }
  return places[0];
}

function english(finder: Finder, place: number): Asked {
  const word = finder.words[place].text;
  const behind = finder.words.slice(place + 1, place + 5).map((one) => one.text);
  let said: Asking | undefined;
  for (let at = Math.max(place - 3, 0); at <= place && !said; at += 1) {
    const one = finder.along(at); // in what year, as one question word
    if (one && at + one.words.length > place) said = one;
  }
  if (!said && WHICH_EN.includes(word) && behind.length && !GOES_ON.includes(behind[0])) return ofKind(finder, place + 1);
  said ??= related(finder, place);
  if (said) return { classes: null, relations: said.relations };
  if (WHICH_EN.includes(word) && behind.length > 1 && AUXILIARY.includes(behind[0]) && ITS.includes(behind[1]))
    return isThe(finder, place);
  if (!finder.word(place) && (word === "when" || (word === "how" && behind.length && !GOES_ON.includes(behind[0]))))
    return finder.nothing(); // how much, how heavy; but how did they dig
  return finder.itself(place);
}

/** A relation's words behind the question word and its verb, or at the end: what is made of steel, what is steel made of. */
function related(finder: Finder, place: number): Asking | undefined {
  const { words } = finder;
  for (let at = place + 1; at < words.length; at += 1) {
    const said = words[at].mentioned ? undefined : finder.along(at);
    if (said && (at + said.words.length === words.length || AUXILIARY.includes(words[at - 1].text))) return said;
  }
  return undefined;
}

/** Which tool, which small old tool, what kind of tool; what color. */
function ofKind(finder: Finder, noun: number): Asked {
  const { words } = finder;
  let at = noun;
  for (; at < Math.min(noun + 4, words.length) && !AUXILIARY.includes(words[at].text); at += 1) {
    const named = finder.name(at);
    if (named) return withWhatItIsOf(finder, at, named);
  }
  const between = words.slice(noun, at);
  if (words[noun].mentioned || between.some(({ text }) => GOES_ON.includes(text) || text.endsWith("ly"))) {
    const askedOf = words[noun + 1]?.text === "of"; // which brand of drill
    return askedOf && !words[noun].mentioned ? finder.nothing() : finder.itself(noun - 1);
  }
  const ended = at === words.length && at === noun + 1; // what color?
  const verb = at < words.length && AUXILIARY.includes(words[at].text);
  return ended || verb ? finder.nothing() : finder.itself(noun - 1);
}

/** Of a kind of tool: the kinds, and the tools. */
function withWhatItIsOf(finder: Finder, at: number, named: Asking): Asked {
  const { words } = finder;
  const isOf = KIND_OF.includes(words[at].text) && at + 2 < words.length && words[at + 1].text === "of";
  if (!isOf) return { classes: named.classes, relations: null };
  const inner = ["thing", "things"].includes(words[at + 2].text) ? undefined : finder.name(at + 2);
  return { classes: new Set([...named.classes, ...(inner?.classes ?? [])]), relations: null };
}

/** What is the tool, what is the name of the tool; what is the price of it, what was the weather like, what was her name. */
function isThe(finder: Finder, place: number): Asked {
  const { words } = finder;
  const noun = place + 3;
  if (noun >= words.length || words[noun].mentioned) return finder.itself(place);
  const named = finder.name(noun);
  if (named) return withWhatItIsOf(finder, noun, named);
  const behind = words[noun + 1]?.text ?? "";
  if (behind === "of" && KIND_OF.includes(words[noun].text)) {
    const inner = finder.name(noun + 2) ?? finder.name(noun + 3);
    return inner ? { classes: inner.classes, relations: null } : finder.itself(place);
  }
  const own = !behind && OWN.includes(words[noun - 1].text);
  return own || behind === "of" || behind === "like" ? finder.nothing() : finder.itself(place);
}

function korean(finder: Finder, place: number): Asked {
  const { words } = finder;
  const word = words[place].text;
  const along = finder.along(place);
  if (along) return { classes: null, relations: along.relations };
  if (!finder.word(place) && (starts(word, NEVER_KNOWN) || word === "몇")) return finder.nothing();
  if (WHICH_KO.includes(word) && place + 1 < words.length) return which(finder, place); // 무슨 도구로, 어떤 작은 도구로; 무슨 색일까
  const before = place ? words[place - 1] : undefined;
  if (before && !before.mentioned && IS_WHAT_KO.test(word) && TOPIC_KO.test(before.text)) {
    const named = finder.name(place - 1); // 재료는 무엇일까; 기중기의 무게는 뭘까, 그 사람의 이름은 뭘까
    if (named) return { classes: named.classes, relations: null };
    if (place > 1 && words[place - 2].text.endsWith("의")) {
      const inner = finder.name(place - 2);
      return inner ? { classes: inner.classes, relations: null } : finder.nothing();
    }
  }
  return finder.itself(place);
}

function which(finder: Finder, place: number): Asked {
  const { words } = finder;
  let at = place + 1;
  for (; at < Math.min(place + 4, words.length); at += 1) {
    const named = finder.name(at);
    if (named) return { classes: named.classes, relations: null };
    if (!ends(words[at].text, LIKE_A_VERB)) break;
  }
  const noun = words[Math.min(at, words.length - 1)];
  const open = starts(noun.text, THING_KO) || noun.mentioned || ends(noun.text, WITH_KO) || words[place].text === "어떤";
  return open ? finder.itself(place) : finder.nothing(); // 어떤 것, 무슨 수로
}

function ends(word: string, among: readonly string[]): boolean {
  return among.some((one) => word.endsWith(one));
}
