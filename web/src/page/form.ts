// What a person types: the fields that the task needs, examples, and a button.

import type { Manifest, Question } from "../bundle/manifest.ts";
import type { Asked } from "../tasks/outcome.ts";
import { h } from "./dom.ts";
import { say, type Word } from "./words.ts";

const MOST_CHARACTERS = 10_000;
const MOST_CHOICES = 32;

interface Field {
  readonly word: Word;
  readonly lines: number;
  readonly folded?: boolean; // shown when somebody asks for it
}

type Fields = Readonly<Partial<Record<"text" | "second" | "choices", Field>>>;

function fieldsOf(manifest: Manifest): Fields {
  switch (manifest.task) {
    case "multiple-choice":
      return {
        text: { word: "question", lines: 2 },
        choices: { word: manifest.facts ? "choicesFree" : "choices", lines: 3 },
      };
    case "question-answering":
      return { second: { word: "passage", lines: 6 }, text: { word: "question", lines: 2 } };
    case "sentence-embedding":
      return { text: { word: "first", lines: 2 }, second: { word: "second", lines: 2 } };
    case "masked-lm":
      return { text: { word: "masked", lines: 3 } };
    case "token-classification":
      return { text: { word: "text", lines: 3 } };
    default:
      return { text: { word: "text", lines: 3 }, second: { word: "pair", lines: 2, folded: true } };
  }
}

/** What is asked, and what was left out of it, in words. */
export interface Request {
  readonly asked: Asked;
  readonly notes: readonly string[];
}

export interface Form {
  readonly element: HTMLFormElement;
  readonly button: HTMLButtonElement;
  asked(): Request;
  examplesOpen(): boolean;
}

/** The form of a task; `before` is one in another language, whose texts are kept. */
export function formOf(manifest: Manifest, submit: () => void, before: Form | null): Form {
  const fields = Object.entries(fieldsOf(manifest)).map(([name, field]) => [name, field, area(name, field)] as const);
  const areas = new Map(fields.map(([name, , element]) => [name, element]));
  const button = h("button", { type: "submit", class: "primary" }, say("ask"));
  const ask = (): void => {
    if (areas.get("text")?.value.trim()) fold(folded);
    submit();
  };
  const send = (event: Event): void => {
    event.preventDefault();
    ask();
  };
  const keys = (event: Event): void => {
    if (event instanceof KeyboardEvent && event.key === "Enter" && (event.metaKey || event.ctrlKey)) send(event);
  };
  const folded = examples(manifest, areas, ask);
  if (before && !before.examplesOpen()) folded?.removeAttribute("open");
  const element = h(
    "form",
    { submit: send, keydown: keys, class: "card ask" },
    ...fields.map(([name, field, input]) => labelled(name, field, input)),
    button,
    folded,
  );
  const form: Form = { element, button, asked: () => read(areas), examplesOpen: () => folded?.open ?? false };
  if (before) fill(areas, before.asked().asked);
  return form;
}

/** A field that takes no more than is read: a browser takes seconds to lay out 100,000 characters, again and again. */
function area(name: string, field: Field): HTMLTextAreaElement {
  const most = { maxlength: MOST_CHARACTERS, autocomplete: "off", spellcheck: "false" };
  return h("textarea", { id: `field-${name}`, name, rows: field.lines, ...most });
}

function labelled(name: string, field: Field, input: HTMLTextAreaElement): HTMLElement {
  const label = h("label", { for: `field-${name}` }, say(field.word));
  if (!field.folded) return h("div", { class: "field" }, label, input);
  label.classList.add("unseen"); // the summary says the same
  return h("details", { class: "field" }, h("summary", {}, say(field.word)), label, input);
}

/** Out of the way of the answer; who pressed one of them is at their heading then. */
function fold(examples: HTMLDetailsElement | null): void {
  if (!examples?.open) return;
  if (examples.contains(document.activeElement)) examples.querySelector("summary")?.focus({ preventScroll: true });
  examples.open = false;
}

function read(areas: ReadonlyMap<string, HTMLTextAreaElement>): Request {
  const value = (name: string): string => wellFormed(areas.get(name)?.value ?? "");
  const lines = [
    ...new Set(
      value("choices")
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean),
    ),
  ];
  const notes: string[] = [];
  if ([...areas.values()].some((input) => input.value.length >= MOST_CHARACTERS))
    notes.push(say("cutCharacters", { most: MOST_CHARACTERS }));
  if (lines.length > MOST_CHOICES) notes.push(say("cutChoices", { most: MOST_CHOICES }));
  return { asked: { text: value("text"), second: value("second"), choices: lines.slice(0, MOST_CHOICES) }, notes };
}

/** Without halves of characters, which no tokenizer takes. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "");
}

function fill(areas: ReadonlyMap<string, HTMLTextAreaElement>, asked: Asked): void {
  const values = { text: asked.text, second: asked.second, choices: asked.choices.join("\n") };
  for (const [name, value] of Object.entries(values)) {
    const input = areas.get(name);
    if (input) input.value = value.slice(0, MOST_CHARACTERS);
  }
}

function examples(
  manifest: Manifest,
  areas: ReadonlyMap<string, HTMLTextAreaElement>,
  submit: () => void,
): HTMLDetailsElement | null {
  if (!manifest.examples.length) return null;
  const buttons = manifest.examples.slice(0, 8).map((example) => {
    const given: Question = typeof example === "string" ? { question: example } : example;
    const use = (): void => {
      fill(areas, { text: given.question, second: areas.get("second")?.value ?? "", choices: given.choices ?? [] });
      submit();
    };
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "chip", click: use, title: say("pressToUse", { text: given.question }) },
        given.question,
      ),
    );
  });
  return h("details", { class: "examples", open: true }, h("summary", {}, say("examples")), h("ul", {}, ...buttons));
}
