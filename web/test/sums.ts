// Hashes of files by the page's own SHA-256, for tests/web/test_same_sums.py: `node sums.ts FILE...`.

import { readFileSync } from "node:fs";
import { plainly } from "../src/bundle/sha256.ts";

const hashes = process.argv.slice(2).map((path) => Buffer.from(plainly(readFileSync(path))).toString("hex"));
process.stdout.write(JSON.stringify(hashes));
