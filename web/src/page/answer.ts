// The answer with its probabilities, and how long it took.

import type { Outcome, Part, Said } from "../tasks/outcome.ts";
import { h } from "./dom.ts";
import { say } from "./words.ts";

const SHOWN = 12; // probabilities

export function answerCard(outcome: Outcome, cut: readonly string[]): HTMLElement {
  const notes = outcome.cut ? [...cut, say("cutTokens")] : cut;
  return h(
    "div",
    {},
    ...shown(outcome.said),
    ...notes.map((note) => h("p", { class: "note" }, note)),
    h("p", { class: "times" }, timesText(outcome)),
  );
}

function shown(said: Said): HTMLElement[] {
  switch (said.kind) {
    case "chances":
      return [headline(said), bars(said.chances)];
    case "score":
      return [h("p", { class: "headline" }, `${say("score")}: `, h("strong", {}, said.score.toFixed(3)))];
    case "similarity":
      return [
        h("p", { class: "headline" }, `${say("similarity")}: `, h("strong", {}, said.cosine.toFixed(3))),
        meter(Math.max(said.cosine, 0)),
      ];
    case "parts":
      return partsShown(said.parts);
    case "fills":
      return said.fills.flatMap((fill) => [h("p", { class: "headline" }, h("strong", {}, fill[0].text)), bars(fill)]);
  }
}

function headline(said: Extract<Said, { kind: "chances" }>): HTMLElement {
  if (said.unknown) {
    const why = said.chances.length ? say("unknownWhy") : say("noCandidate");
    return h("p", { class: "headline unknown" }, h("strong", {}, say("unknown")), h("span", {}, ` ${why}`));
  }
  if (!said.best.length) return h("p", { class: "headline" }, say("nothing"));
  return h(
    "p",
    { class: "headline" },
    ...said.best.flatMap((text, place) => [place ? ", " : null, h("strong", {}, text)]),
  );
}

function bars(chances: readonly { readonly text: string; readonly chance: number }[]): HTMLElement {
  const rows = chances
    .slice(0, SHOWN)
    .map(({ text, chance }) =>
      h("li", {}, h("span", { class: "name" }, text), meter(chance), h("span", { class: "share" }, percent(chance))),
    );
  return h("ol", { class: "bars" }, ...rows);
}

/** Only for the eye: the number stands beside it. */
function meter(chance: number): HTMLElement {
  const bar = h("span", { class: "fill" });
  bar.style.width = `${(100 * Math.min(Math.max(chance, 0), 1)).toFixed(1)}%`;
  return h("span", { class: "meter", "aria-hidden": "true" }, bar);
}

function percent(chance: number): string {
  return `${(100 * chance).toFixed(chance > 0.9995 || chance < 0.0005 ? 0 : 1)} %`;
}

function partsShown(parts: readonly Part[]): HTMLElement[] {
  const answer = parts.find((part) => part.label === "answer");
  const marked = parts.map((part) => {
    if (!part.label) return document.createTextNode(part.text);
    const label = part.label === "answer" ? null : h("small", {}, ` ${part.label}`);
    return h("mark", { title: percent(part.chance) }, part.text, label);
  });
  const text = h("p", { class: "marked" }, ...marked);
  if (!answer) return [text];
  return [
    h(
      "p",
      { class: "headline" },
      h("strong", {}, answer.text || say("noAnswer")),
      h("span", {}, ` ${percent(answer.chance)}`),
    ),
    text,
  ];
}

function timesText({ times, looked }: Outcome): string {
  const milliseconds = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
  const parts = looked
    ? [`${say("link")} ${milliseconds(times.link)}`, `${say("select")} ${milliseconds(times.select)}`]
    : [];
  return `${say("times")}: ${[...parts, `${say("model")} ${milliseconds(times.model)}`].join(" · ")}`;
}
