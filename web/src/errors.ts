// What can go wrong in a sentence that the page says in the reader's language (page/words.ts): a kind, and what came.

export type FaultKind =
  | "no-simd"
  | "no-manifest"
  | "bad-manifest"
  | "bundle-version"
  | "file-missing"
  | "file-size"
  | "file-altered"
  | "graph-none"
  | "graph-version"
  | "graph-size"
  | "graph-damaged"
  | "no-facts-graph"
  | "tokenizer"
  | "model"
  | "gguf"
  | "task"
  | "empty"
  | "empty-second"
  | "one-choice"
  | "no-mask";

export type FaultValues = Readonly<Record<string, string | number>>;

export class Fault extends Error {
  readonly kind: FaultKind;
  readonly values: FaultValues;

  constructor(kind: FaultKind, values: FaultValues = {}) {
    super(`${kind} ${JSON.stringify(values)}`);
    this.name = "Fault";
    this.kind = kind;
    this.values = values;
  }
}
