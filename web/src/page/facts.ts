// The facts that were read, drawn and in words, and what a person changes in them.

import type { Engine } from "../engine.ts";
import type { Triple } from "../knowledge/edited.ts";
import { drawn, once, sentence } from "../knowledge/explain.ts";
import { edges } from "../knowledge/reach.ts";
import type { Fact } from "../knowledge/types.ts";
import { relationLabel } from "../knowledge/verbalise.ts";
import { languageOf } from "../knowledge/vocabulary.ts";
import type { Looked } from "../tasks/outcome.ts";
import { h } from "./dom.ts";
import { draw } from "./drawing.ts";
import type { Changes } from "./edits.ts";
import { Names } from "./names.ts";
import { say, spoken } from "./words.ts";

const DRAWN = 8; // facts in the picture, where no path leads to an answer
const PHONE = 560; // pixels

export interface FactsPanel {
  readonly engine: Engine;
  readonly changes: Changes;
  readonly looked: Looked;
  readonly changed: () => void;
}

export function factsCard(panel: FactsPanel): HTMLElement[] {
  const { looked } = panel;
  const language = languageOf(looked.text);
  const shown = once(looked.reasons.length ? looked.reasons : looked.facts.slice(0, DRAWN));
  const parts: HTMLElement[] = [h("h2", {}, say(looked.reasons.length ? "reasons" : "read"))];
  if (shown.length) parts.push(h("p", { class: "hint" }, say("hint")), picture(panel, shown, language));
  else parts.push(h("p", { class: "hint" }, say("noFacts")));
  if (looked.reasons.length) parts.push(factList(panel, looked.reasons, language));
  if (looked.facts.length) {
    const list = factList(panel, looked.facts, language);
    if (looked.reasons.length)
      parts.push(h("details", {}, h("summary", {}, `${say("read")} (${looked.facts.length})`), list));
    else parts.push(list);
  }
  return [...parts, ...changesList(panel, language), adder(panel)];
}

function picture(panel: FactsPanel, facts: readonly Fact[], language: string): HTMLElement {
  const { engine, looked } = panel;
  const graph = engine.reader?.graph;
  if (!graph) return h("figure");
  const { nodes, edges } = drawn(graph, looked.mentions, facts, looked.answer, language);
  const drawing = draw({
    nodes,
    edges,
    title: say("facts"),
    narrow: window.innerWidth < PHONE,
    removal: (fact) => say("remove", { fact }),
    remove: (edge) => remove(panel, edge.fact),
  });
  return h("figure", { tabindex: 0, role: "region", "aria-label": say("facts") }, drawing);
}

function remove(panel: FactsPanel, fact: Triple): void {
  panel.changes.remove(fact);
  panel.changed();
}

function factList(panel: FactsPanel, facts: readonly Fact[], language: string): HTMLElement {
  const graph = panel.engine.reader?.graph;
  if (!graph) return h("ul");
  const rows = once(facts).map((fact) => {
    const said = sentence(graph, fact, language);
    const button = h(
      "button",
      { type: "button", class: "small", "aria-label": say("remove", { fact: said }), click: () => remove(panel, fact) },
      "✕",
    );
    return h("li", {}, h("span", {}, said), button);
  });
  return h("ul", { class: "facts" }, ...rows);
}

function changesList(panel: FactsPanel, language: string): HTMLElement[] {
  const { changes, changed, engine } = panel;
  const graph = engine.graph;
  if (!changes.size || !graph) return [];
  const { removed, added } = changes.edits;
  const row = (fact: Triple, name: "removed" | "added"): HTMLElement => {
    const said = sentence(graph, fact, language);
    const undo = (): void => {
      changes.undo(fact);
      changed();
    };
    const text = name === "removed" ? h("del", {}, said) : h("ins", {}, said);
    return h(
      "li",
      {},
      text,
      h("button", { type: "button", class: "small", "aria-label": say("undo", { fact: said }), click: undo }, "↩"),
    );
  };
  const reset = (): void => {
    changes.reset();
    changed();
  };
  return [
    h("h3", {}, say("edits")),
    h(
      "ul",
      { class: "facts changes" },
      ...removed.map((fact) => row(fact, "removed")),
      ...added.map((fact) => row(fact, "added")),
    ),
    h("button", { type: "button", class: "reset", click: reset }, say("reset")),
  ];
}

/** Subject, relation and object of a new fact. */
function adder(panel: FactsPanel): HTMLElement {
  const { engine } = panel;
  const graph = engine.reader?.graph;
  if (!graph) return h("div");
  const names = new Names(graph, spoken());
  const message = h("p", { class: "note", role: "status" });
  const subject = nameField("subject", names);
  const object = nameField("object", names);
  const options = graph.relations.map((relation, number) =>
    h("option", { value: number }, relationLabel(relation, spoken())),
  );
  const relation = h("select", { id: "add-relation" }, ...options);
  const submit = (event: Event): void => {
    event.preventDefault();
    message.textContent = added(panel, names, subject.input.value, Number(relation.value), object.input.value);
  };
  return h(
    "details",
    { class: "adder" },
    h("summary", {}, say("add")),
    h(
      "form",
      { submit },
      subject.element,
      h("div", { class: "field" }, h("label", { for: "add-relation" }, say("relation")), relation),
      object.element,
      h("button", { type: "submit" }, say("addButton")),
      message,
    ),
  );
}

/** Adds the fact, or says why it cannot be added. */
function added(panel: FactsPanel, names: Names, from: string, relation: number, to: string): string {
  const { reader } = panel.engine;
  if (!reader) return "";
  if (!from.trim() || !to.trim()) return say("emptyName");
  const [subject, object] = [from, to].map((typed) => names.entity(typed, reader));
  if (subject === null || object === null) return say("unknownEntity", { name: subject === null ? from : to });
  for (const edge of edges(reader.graph.out, subject, Number.POSITIVE_INFINITY))
    if (edge.relation === relation && edge.other === object) return say("alreadyThere");
  panel.changes.add({ subject, relation, object });
  panel.changed();
  return "";
}

function nameField(which: "subject" | "object", names: Names): { element: HTMLElement; input: HTMLInputElement } {
  const list = h("datalist", { id: `names-${which}` });
  const offer = (): void =>
    list.replaceChildren(...names.offered(input.value).map((name) => h("option", { value: name })));
  const input = h("input", {
    id: `add-${which}`,
    list: `names-${which}`,
    autocomplete: "off",
    input: offer,
    focus: offer,
  });
  return { element: h("div", { class: "field" }, h("label", { for: `add-${which}` }, say(which)), input, list), input };
}
