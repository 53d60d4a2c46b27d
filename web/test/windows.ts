// The windows in which the page reads a passage, for tests/web/test_same_windows.py: `node windows.ts tokenizer.json LENGTH < cases.json`.

import { readFileSync } from "node:fs";
import type { FactRow } from "../src/model/inputs.ts";
import type { Model } from "../src/model/model.ts";
import { Tokens } from "../src/model/tokens.ts";
import { answerIn } from "../src/tasks/passage.ts";

const file = readFileSync(process.argv[2]);
const tokens = new Tokens(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer);
const windows: (readonly [readonly number[], readonly number[]])[][] = [];
for (const [question, passage, facts] of JSON.parse(readFileSync(0, "utf8")) as [string, string, string[]][]) {
  const asked: (readonly [readonly number[], readonly number[]])[] = [];
  const run = ([row]: readonly FactRow[]): Promise<unknown> => {
    asked.push([row.ids, row.facts]);
    const values = new Float32Array(row.ids.length);
    return Promise.resolve({ outputs: { start: { values }, end: { values } }, milliseconds: 0 });
  };
  await answerIn(tokens, { run } as unknown as Model, question, passage, facts, Number(process.argv[3]));
  windows.push(asked);
}
process.stdout.write(JSON.stringify(windows));
