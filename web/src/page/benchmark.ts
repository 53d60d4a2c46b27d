// How fast this device is: p50 and p95 of one text at four lengths.

import type { Engine } from "../engine.ts";
import type { FactRow } from "../model/inputs.ts";
import { h } from "./dom.ts";
import { say, sayFault } from "./words.ts";

const LENGTHS = [16, 32, 64, 128];
const [MOST_RUNS, MOST_MILLISECONDS, WARM] = [50, 3_000, 3];

export interface Speed {
  readonly length: number;
  readonly p50: number;
  readonly p95: number;
}

export function benchmarkCard(engine: Engine): HTMLElement {
  const status = h("p", { role: "status", class: "note" });
  const table = h("tbody");
  const button = h("button", { type: "button" }, say("benchmarkRun"));
  const run = async (): Promise<void> => {
    button.disabled = true;
    table.replaceChildren();
    try {
      for (const length of LENGTHS.filter((one) => one <= engine.manifest.max_length)) {
        status.textContent = say("measuring", { length });
        const { p50, p95 } = await speedAt(engine, length);
        table.append(
          h(
            "tr",
            {},
            h("th", { scope: "row" }, String(length)),
            h("td", {}, p50.toFixed(1)),
            h("td", {}, p95.toFixed(1)),
          ),
        );
      }
      status.textContent = "";
    } catch (error) {
      status.textContent = sayFault(error);
    }
    button.disabled = false;
  };
  button.addEventListener("click", () => void run());
  const head = h("tr", {}, ...(["tokens", "p50", "p95"] as const).map((word) => h("th", { scope: "col" }, say(word))));
  return h(
    "details",
    { class: "card benchmark" },
    h("summary", {}, say("benchmark")),
    button,
    status,
    h("table", {}, h("thead", {}, head), table),
  );
}

export async function speedAt(engine: Engine, length: number): Promise<Speed> {
  const numbers = Array.from({ length }, (_, at) => at);
  const { ids } = engine.tokens.row(["호두 walnut"], length); // what the pieces are does not matter
  const row: FactRow = {
    ids: numbers.map((at) => ids[at % ids.length]),
    types: numbers.map(() => 0),
    facts: numbers.map(() => 0),
    read: 0,
  };
  for (let run = 0; run < WARM; run += 1) await engine.model.run([row]);
  const times: number[] = [];
  const start = performance.now();
  while (times.length < MOST_RUNS && performance.now() - start < MOST_MILLISECONDS)
    times.push((await engine.model.run([row])).milliseconds);
  times.sort((one, other) => one - other);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { length, p50: at(0.5), p95: at(0.95) };
}
