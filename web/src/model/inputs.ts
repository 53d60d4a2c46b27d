// Rows of tokens to what the model takes: facts behind the text's own tokens, padded to the longest row.

import { fitting } from "../data/beside.ts";
import type { Row, Tokens } from "./tokens.ts";

/** A row with its facts; `text` is how many of its tokens are the text's own. */
export interface FactRow {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly facts: readonly number[]; // 0 for the text, k for the tokens of the k-th fact
  readonly read: number; // facts that had room
}

export interface Feed {
  readonly rows: number;
  readonly length: number;
  readonly inputs: Readonly<Record<string, BigInt64Array>>;
}

export function withFacts(tokens: Tokens, row: Row, facts: readonly string[], most: number): FactRow {
  const end = tokens.separator === null ? [] : [tokens.separator];
  const kept = fitting(
    facts.map((fact) => [...tokens.plain(fact), ...end]),
    most - row.ids.length,
  );
  return {
    ids: [...row.ids, ...kept.flat()],
    types: [...row.types, ...kept.flat().map(() => 0)],
    facts: [...row.ids.map(() => 0), ...kept.flatMap((fact, place) => fact.map(() => place + 1))],
    read: kept.filter((fact) => fact.length).length,
  };
}

export function feedOf(rows: readonly FactRow[], names: readonly string[], pad: number): Feed {
  const length = Math.max(...rows.map((row) => row.ids.length));
  const columns: Readonly<Record<string, (row: FactRow, at: number) => number>> = {
    input_ids: (row, at) => row.ids[at] ?? pad,
    attention_mask: (row, at) => Number(at < row.ids.length),
    token_type_ids: (row, at) => row.types[at] ?? 0,
    fact_ids: (row, at) => row.facts[at] ?? 0,
  };
  const inputs: Record<string, BigInt64Array> = {};
  for (const name of names) {
    const filled = new BigInt64Array(rows.length * length);
    const column = columns[name];
    rows.forEach((row, number) => {
      for (let at = 0; at < length; at += 1) filled[number * length + at] = BigInt(column(row, at));
    });
    inputs[name] = filled;
  }
  return { rows: rows.length, length, inputs };
}
