// The compiled file (src/hodu/knowledge/layout.py): a header that says what it is, and sections of numbers and text, each with a sum that shows damage.

import { Fault } from "../errors.ts";

const MAGIC = "HODUGRPH";
const VERSION = 1;
const START = 32; // magic 8 · version u32 · length of the header u32 · size of the file u64 · crc32 of the header u32 · 0 u32

export type Section = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array;

/** The JSON of the header; `sections` are read apart. */
export interface Header {
  readonly languages: readonly string[];
  readonly classes: readonly string[];
  readonly triples: number;
  readonly asking?: Readonly<Record<string, readonly StoredAsking[]>>; // older files have none
  readonly relations: readonly StoredRelation[];
}

export interface StoredRelation {
  readonly id: string;
  readonly labels: readonly (readonly [string, string, boolean])[];
  readonly templates: Readonly<Record<string, string>>;
  readonly inverse: string | null;
}

/** Words, the class of their tails, whether they are a name, classes and relations (question_words.py). */
export type StoredAsking = readonly [string, number, boolean, readonly number[], readonly number[]];

type Entry = readonly [number, number, string, number | string, number | string];

export function read(file: ArrayBuffer): { header: Header; sections: Map<string, Section> } {
  const { header, first } = headerOf(file);
  const sections = new Map<string, Section>();
  for (const [name, [place, length, kind, sum, xor]] of Object.entries(header.sections)) {
    const padded = length + ((8 - (length % 8)) % 8);
    const words = new Uint32Array(file, first + place, padded / 4);
    const [found, crossed] = sums(words);
    if (found !== BigInt(sum) || crossed !== BigInt(xor)) throw new Fault("graph-damaged", { part: name });
    sections.set(name, view(kind, file, first + place, length, name));
  }
  return { header, sections };
}

function headerOf(file: ArrayBuffer): { header: Header & { sections: Record<string, Entry> }; first: number } {
  if (file.byteLength < START) throw new Fault("graph-none", { bytes: file.byteLength });
  const start = new DataView(file);
  const magic = String.fromCharCode(...new Uint8Array(file, 0, 8));
  if (magic !== MAGIC) throw new Fault("graph-none", { bytes: file.byteLength });
  const version = start.getUint32(8, true);
  if (version !== VERSION) throw new Fault("graph-version", { came: version, expected: VERSION });
  const length = start.getUint32(12, true);
  const size = start.getBigUint64(16, true);
  if (size !== BigInt(file.byteLength))
    throw new Fault("graph-size", { came: file.byteLength, expected: String(size) });
  const text = new Uint8Array(file, START, length);
  if (crc32(text) !== start.getUint32(24, true)) throw new Fault("graph-damaged", { part: "header" });
  return { header: JSON.parse(withLongNumbersQuoted(new TextDecoder().decode(text))), first: START + length };
}

/** Sums have up to 20 digits, and JSON.parse keeps 15: longer numbers become strings, strings stay as they are. */
function withLongNumbersQuoted(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|\d{16,}/g, (found) => (found.startsWith('"') ? found : `"${found}"`));
}

/** The sum of the 64-bit words modulo 2⁶⁴ and their xor, from halves: BigInt for each word would take seconds. */
function sums(words: Uint32Array): [bigint, bigint] {
  let low = 0;
  let high = 0;
  let lowXor = 0;
  let highXor = 0;
  for (let at = 0; at < words.length; at += 2) {
    low += words[at];
    if (low >= 0x100000000) {
      low -= 0x100000000;
      high += 1;
    }
    high = (high + words[at + 1]) % 0x100000000;
    lowXor ^= words[at];
    highXor ^= words[at + 1];
  }
  const whole = (upper: number, lower: number): bigint => (BigInt(upper >>> 0) << 32n) | BigInt(lower >>> 0);
  return [whole(high % 0x100000000, low), whole(highXor, lowXor)];
}

function view(kind: string, file: ArrayBuffer, place: number, length: number, name: string): Section {
  switch (kind) {
    case "bytes":
    case "|u1":
      return new Uint8Array(file, place, length);
    case "<u2":
      return new Uint16Array(file, place, length / 2);
    case "<u4":
      return new Uint32Array(file, place, length / 4);
    case "<i4":
      return new Int32Array(file, place, length / 4);
    case "<f4":
      return new Float32Array(file, place, length / 4);
    default:
      throw new Fault("graph-damaged", { part: name });
  }
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = CRC[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}
