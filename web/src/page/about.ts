// What the bundle is: task, size, precision, where it is from, and the figures of its export.

import type { Engine } from "../engine.ts";
import { h } from "./dom.ts";
import { say, spoken, type Word } from "./words.ts";

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
  const figures = manifest.figures.map(({ system, metric, value, unit }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, system),
      h("td", {}, metric),
      h("td", {}, `${number(value)} ${unit === "1" ? "" : unit}`),
    ),
  );
  return h(
    "details",
    { class: "card about" },
    h("summary", {}, say("about")),
    h("dl", {}, ...told),
    figures.length ? h("table", {}, h("caption", {}, say("figures")), h("tbody", {}, ...figures)) : null,
  );
}
