// What the bundle is: task, size, precision, where it is from, and the figures of its export.

import type { Figure } from "../bundle/manifest.ts";
import type { Engine } from "../engine.ts";
import { h } from "./dom.ts";
import { say, spoken, type Word } from "./words.ts";

const METRICS: Readonly<Record<string, Word>> = {
  accuracy: "accuracy",
  agreement: "agreement",
  largest_difference: "largestDifference",
};

export function aboutCard({ manifest, graph }: Engine): HTMLElement {
  const bytes = [manifest.files.model, manifest.files.tokenizer, manifest.files.graph].reduce(
    (sum, file) => sum + (file?.bytes ?? 0),
    0,
  );
  const number = (value: number): string => value.toLocaleString(spoken());
  const rows: [Word, string | null][] = [
    ["task", manifest.task],
    ["size", `${(bytes / 1e6).toFixed(2)} MB`],
    ["precision", manifest.precision],
    ["maxLength", number(manifest.max_length)],
    ["graphSize", graph && say("graphCount", { entities: graph.length, relations: graph.relations.length })],
    ["teacher", manifest.teacher],
    ["recipe", manifest.recipe],
    ["licence", manifest.licence],
    ["made", `${manifest.created} · hodu ${manifest.hodu}`],
  ];
  const told = rows
    .filter(([, value]) => value)
    .flatMap(([word, value]) => [h("dt", {}, say(word)), h("dd", {}, value)]);
  return h(
    "details",
    { class: "card about" },
    h("summary", {}, say("about")),
    h("dl", {}, ...told),
    figuresTable(manifest.figures.filter(({ metric }) => !metric.endsWith("_padded"))), // this page asks one text at a time
  );
}

/** A column for each system. */
function figuresTable(figures: readonly Figure[]): HTMLElement | null {
  if (!figures.length) return null;
  const systems = [...new Set(figures.map(({ system }) => system))];
  const rows = [...new Set(figures.map(({ metric }) => metric))].map((metric) => {
    const cells = systems.map((name) => figures.find((one) => one.metric === metric && one.system === name));
    const title = METRICS[metric] ? say(METRICS[metric]) : metric;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, title),
      ...cells.map((one) => h("td", {}, one ? valueOf(one) : "")),
    );
  });
  const head = h("tr", {}, h("td"), ...systems.map((name) => h("th", { scope: "col" }, name)));
  const caption = h("caption", {}, say("figures"));
  return h("table", { class: "figures" }, caption, h("thead", {}, head), h("tbody", {}, ...rows));
}

function valueOf({ value, unit }: Figure): string {
  if (unit === "fraction") return `${(100 * value).toFixed(1)} %`;
  return Math.abs(value) < 0.001 ? value.toExponential(0) : value.toLocaleString(spoken(), { maximumSignificantDigits: 3 });
}
