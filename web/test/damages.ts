// What is wrong with compiled graphs ("" for nothing), for tests/web/test_same_sums.py: `node damages.ts FILE...`.

import { readFileSync } from "node:fs";
import { Fault } from "../src/errors.ts";
import { CompiledGraph } from "../src/knowledge/compiled.ts";

function wrongWith(path: string): string {
  try {
    CompiledGraph.open(new Uint8Array(readFileSync(path)).buffer);
    return "";
  } catch (error) {
    return error instanceof Fault ? error.kind : String(error);
  }
}

process.stdout.write(JSON.stringify(process.argv.slice(2).map(wrongWith)));
