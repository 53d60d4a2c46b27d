// The bundle's files: from this browser's own store when they are there, else from the server; each with the bytes and the hash that the manifest says.

import { Fault } from "../errors.ts";
import { type BundleFile, type Manifest, manifestOf } from "./manifest.ts";
import { sha256 } from "./sha256.ts";

const STORE = `hodu-bundle ${new URL(".", location.href).pathname}`; // other bundles of this server have their own; sw.js leaves it alone
const MANIFEST = "manifest.json";

export type Progress = (done: number, whole: number) => void;

export interface Loaded {
  readonly manifest: Manifest;
  readonly model: ArrayBuffer;
  readonly tokenizer: ArrayBuffer;
  readonly graph: ArrayBuffer | null;
}

/** The store for the next visit; null where a browser has none (a page that is neither https nor on loopback). */
async function storeOf(): Promise<Cache | null> {
  try {
    return "caches" in globalThis ? await caches.open(STORE) : null;
  } catch {
    return null;
  }
}

export async function load(progress: Progress): Promise<Loaded> {
  const store = await storeOf();
  const text = await manifestText(store);
  const manifest = manifestOf(text);
  const { model, tokenizer, graph } = manifest.files;
  const wanted = graph ? [model, tokenizer, graph] : [model, tokenizer];
  const whole = wanted.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  const got: ArrayBuffer[] = [];
  for (const file of wanted) {
    got.push(await fileOf(store, file, (bytes) => progress(done + bytes, whole)));
    done += file.bytes;
    progress(done, whole);
  }
  if (store) await keep(store, text, wanted);
  return { manifest, model: got[0], tokenizer: got[1], graph: got[2] ?? null };
}

/** The server's manifest, or the one of the last visit where there is no server, or one that says something else (a network that asks for a login first). */
async function manifestText(store: Cache | null): Promise<string> {
  const answer = await fetch(MANIFEST, { cache: "no-cache" }).catch(() => null);
  const served = answer?.ok ? await answer.text() : null;
  if (served !== null && isJson(served)) return served;
  const stored = await store?.match(MANIFEST);
  if (stored) return stored.text();
  if (served === null) throw new Fault("no-manifest", { status: answer?.status ?? 0 });
  return served;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function fileOf(store: Cache | null, file: BundleFile, progress: (bytes: number) => void): Promise<ArrayBuffer> {
  const stored = await store?.match(keyOf(file));
  if (stored) {
    const bytes = await stored.arrayBuffer();
    if (bytes.byteLength === file.bytes && (await sha256(bytes)) === file.sha256) return bytes;
    await store?.delete(keyOf(file)); // it may be better on the server
  }
  const bytes = await fetched(file, progress);
  if (bytes.byteLength !== file.bytes)
    throw new Fault("file-size", { file: file.path, came: bytes.byteLength, expected: file.bytes });
  if ((await sha256(bytes)) !== file.sha256) throw new Fault("file-altered", { file: file.path });
  await store?.put(keyOf(file), new Response(bytes)).catch(() => undefined); // a full store costs the next visit, not this one
  return bytes;
}

function keyOf(file: BundleFile): string {
  return `${file.path}?sha256=${file.sha256}`;
}

async function fetched(file: BundleFile, progress: (bytes: number) => void): Promise<ArrayBuffer> {
  const answer = await fetch(file.path, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok || !answer.body) throw new Fault("file-missing", { file: file.path, status: answer?.status ?? 0 });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = answer.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      bytes += part.value.length;
      progress(Math.min(bytes, file.bytes));
    }
  } catch {
    throw new Fault("file-size", { file: file.path, came: bytes, expected: file.bytes });
  }
  return new Blob(parts).arrayBuffer();
}

/** All of this bundle is there: from now on it works without a network. What is left of an earlier bundle goes. */
async function keep(store: Cache, manifest: string, files: readonly BundleFile[]): Promise<void> {
  try {
    await store.put(MANIFEST, new Response(manifest, { headers: { "Content-Type": "application/json" } }));
    const kept = new Set([MANIFEST, ...files.map(keyOf)].map((path) => new URL(path, location.href).href));
    for (const request of await store.keys()) if (!kept.has(request.url)) await store.delete(request);
  } catch {
    return; // a full or forbidden store costs the next visit, not this one
  }
}
