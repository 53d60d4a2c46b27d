// What single characters are taken for, for tests/web/test_same_facts.py.

import { readFileSync } from "node:fs";
import { continues } from "../src/knowledge/link.ts";
import { fold } from "../src/knowledge/surfaces.ts";

const [, , name] = process.argv;
const characters = [...readFileSync(0, "utf8")];
process.stdout.write(JSON.stringify(characters.map(name === "fold" ? fold : continues)));
