// The edges of an edited graph, for tests/web/test_same_edits.py: `node edits.ts world.hodu < edits.json`.

import { readFileSync } from "node:fs";
import { CompiledGraph, type Rows } from "../src/knowledge/compiled.ts";
import { edited, type Edits } from "../src/knowledge/edited.ts";

const file = readFileSync(process.argv[2]);
const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
const graph = edited(CompiledGraph.open(bytes), JSON.parse(readFileSync(0, "utf8")) as Edits);
const columns = ({ starts, relation, other, weight }: Rows): number[][] => [
  [...starts],
  [...relation],
  [...other],
  weight ? [...weight] : Array<number>(other.length).fill(1),
];
process.stdout.write(JSON.stringify([columns(graph.out), columns(graph.into)]));
