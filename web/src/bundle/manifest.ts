// manifest.json: what a bundle says about itself, checked before anything else is loaded.

import { Fault } from "../errors.ts";

export const BUNDLE = 1;

const TASKS: readonly string[] = [
  ...["classification", "multilabel", "regression", "multiple-choice", "token-classification"],
  ...["question-answering", "sentence-embedding", "masked-lm", "causal-lm"],
];

/** What this page can give to a model (model/inputs.ts). */
const INPUTS: readonly string[] = ["input_ids", "attention_mask", "token_type_ids", "fact_ids"];

export interface BundleFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Question {
  readonly question: string;
  readonly choices?: readonly string[];
}

export interface Figure {
  readonly system: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

export interface Manifest {
  readonly bundle: number;
  readonly hodu: string;
  readonly name: string;
  readonly created: string;
  readonly task: string;
  readonly labels: readonly string[] | null;
  readonly languages: readonly string[];
  readonly max_length: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly facts: FactSettings | null;
  readonly files: Readonly<Record<"model" | "tokenizer", BundleFile>> & { readonly graph?: BundleFile };
  readonly examples: readonly (string | Question)[];
  readonly precision: string;
  readonly licence: string | null;
  readonly teacher: string | null;
  readonly recipe: string | null;
  readonly figures: readonly Figure[];
}

export interface FactSettings {
  readonly layout: string;
  readonly tokens: number;
  readonly slots: boolean;
  readonly limit: number;
  readonly hops: number;
  readonly separator?: number | null; // the token behind each fact
}

/** The manifest, if it is one that this page reads. */
export function manifestOf(text: string): Manifest {
  const given = objectOf(parsed(text));
  if (given["bundle"] !== BUNDLE)
    throw new Fault("bundle-version", { came: String(given["bundle"]), expected: BUNDLE });
  const lacking = ["task", "max_length", "inputs", "outputs", "files"].filter((name) => given[name] == null);
  const files = objectOf(given["files"] ?? {});
  for (const name of ["model", "tokenizer", ...(files["graph"] == null ? [] : ["graph"])])
    if (!isFile(files[name])) lacking.push(`files.${name}`);
  const unknown = listOf(given["inputs"]).filter((name) => !INPUTS.includes(String(name)));
  lacking.push(...unknown.map((name) => `inputs: ${String(name)}`));
  const examples = listOf(given["examples"]).filter(
    (one) => typeof one === "string" || typeof (one as Question | null)?.question === "string",
  );
  if (lacking.length) throw new Fault("bad-manifest", { lacking: lacking.join(", ") });
  const figures = listOf(given["figures"]).filter((one) => typeof (one as Figure | null)?.value === "number");
  const manifest = {
    labels: null,
    languages: [],
    facts: null,
    licence: null,
    teacher: null,
    recipe: null,
    name: "hodu",
    ...given,
    examples,
    figures,
  } as unknown as Manifest;
  if (manifest.task === "causal-lm") throw new Fault("gguf");
  if (!TASKS.includes(manifest.task)) throw new Fault("task", { task: manifest.task });
  if (manifest.facts && manifest.files.graph === undefined) throw new Fault("no-facts-graph");
  return manifest;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault("bad-manifest", { lacking: "JSON" });
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Fault("bad-manifest", { lacking: "JSON" });
  return value as Record<string, unknown>;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isFile(value: unknown): value is BundleFile {
  if (typeof value !== "object" || value === null) return false;
  const { path, bytes, sha256 } = value as Record<string, unknown>;
  return (
    typeof path === "string" && typeof bytes === "number" && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256)
  );
}
