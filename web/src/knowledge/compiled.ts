// A compiled graph (src/hodu/knowledge/compiled.py): entities, labels and edges, and what linking and selecting need of it.

import { Fault } from "../errors.ts";
import type { Asking } from "./asked.ts";
import { read, type Section, type StoredAsking, type StoredRelation } from "./layout.ts";
import { Linker } from "./link.ts";
import type { Relation } from "./types.ts";
import { unquoted, verbalise } from "./verbalise.ts";

const ANY = "*"; // labels in a language that was not asked for, where an entity has no other

class Strings {
  readonly #places: Section;
  readonly #text: Uint8Array;

  constructor(sections: Map<string, Section>, places: string, text: string) {
    this.#places = part(sections, places);
    this.#text = bytes(sections, text);
  }

  get length(): number {
    return this.#places.length - 1;
  }

  at(number: number): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      this.#text.subarray(this.#places[number], this.#places[number + 1]),
    );
  }
}

/** Edges by entity, sorted by the other end and then by relation: where each entity's begin, and the columns. */
export interface Rows {
  readonly starts: Section;
  readonly relation: Section;
  readonly other: Section;
  readonly weight: Section | null; // null: all are 1
}

interface Names {
  readonly iris: Strings;
  readonly labels: ReadonlyMap<string, Strings>;
  readonly classStarts: Section;
  readonly classOf: Section;
}

export class CompiledGraph {
  readonly languages: readonly string[];
  readonly relations: readonly Relation[];
  readonly inverses: ReadonlyMap<number, number>;
  readonly asking: ReadonlyMap<string, readonly Asking[]>; // by language the words by which classes and relations are asked for
  readonly linker: Linker;
  readonly out: Rows;
  readonly into: Rows;
  readonly #names: Names;

  constructor(
    of: Pick<CompiledGraph, "languages" | "relations" | "asking" | "linker" | "out" | "into">,
    names: Names,
  ) {
    this.languages = of.languages;
    this.relations = of.relations;
    this.inverses = inversesOf(of.relations);
    this.asking = of.asking;
    this.linker = of.linker;
    this.out = of.out;
    this.into = of.into;
    this.#names = names;
  }

  static open(file: ArrayBuffer): CompiledGraph {
    const { header, sections } = read(file);
    const strings = (language: string): Strings =>
      new Strings(sections, `label_places_${language}`, `labels_${language}`);
    const parts = {
      languages: header.languages,
      relations: header.relations.map(relationOf),
      asking: new Map(Object.entries(header.asking ?? {}).map(([language, said]) => [language, said.map(askingOf)])),
      linker: new Linker(sections),
      out: rowsOf(sections, "out"),
      into: rowsOf(sections, "in"),
    };
    return new CompiledGraph(parts, {
      iris: new Strings(sections, "iri_places", "iris"),
      labels: new Map([...header.languages, ANY].map((language) => [language, strings(language)])),
      classStarts: part(sections, "class_starts"),
      classOf: part(sections, "class_of"),
    });
  }

  /** The same graph with other edges; all else is shared. */
  withRows(out: Rows, into: Rows): CompiledGraph {
    const { languages, relations, asking, linker } = this;
    return new CompiledGraph({ languages, relations, asking, linker, out, into }, this.#names);
  }

  get length(): number {
    return this.#names.iris.length;
  }

  iri(entity: number): string {
    return this.#names.iris.at(entity);
  }

  /** The preferred label in the language, else in any, else the end of the IRI. */
  label(entity: number, language: string): string {
    for (const one of [language, ...this.languages, ANY]) {
      const text = this.#names.labels.get(one)?.at(entity);
      if (text) return text;
    }
    return readable(this.iri(entity));
  }

  /** The entities of any of these classes, in order. */
  entitiesOf(classes: ReadonlySet<number>): number[] {
    const { classStarts, classOf } = this.#names;
    const found: number[] = [];
    for (let entity = 0; entity < this.length; entity += 1)
      if (classOf.subarray(classStarts[entity], classStarts[entity + 1]).some((one) => classes.has(one)))
        found.push(entity);
    return found;
  }

  /** How many edges an entity has, both ways. */
  degree(entity: number): number {
    return count(this.out, entity) + count(this.into, entity);
  }

  /** How much an entity's edges say: less, the more it has. In single precision, in which all logarithms agree. */
  rarity(entity: number): number {
    const degree = this.degree(entity);
    return Math.fround(1 / Math.log2(2 + degree));
  }

  verbalise(subject: number, relation: number, object: number, language: string): string {
    return verbalise(this.relations[relation], this.label(subject, language), this.label(object, language), language);
  }
}

function count(rows: Rows, entity: number): number {
  return rows.starts[entity + 1] - rows.starts[entity];
}

export function part(sections: Map<string, Section>, name: string): Section {
  const section = sections.get(name);
  if (!section) throw new Fault("graph-damaged", { part: name });
  return section;
}

export function bytes(sections: Map<string, Section>, name: string): Uint8Array {
  const section = part(sections, name);
  if (!(section instanceof Uint8Array)) throw new Fault("graph-damaged", { part: name });
  return section;
}

function rowsOf(sections: Map<string, Section>, way: string): Rows {
  return {
    starts: part(sections, `${way}_starts`),
    relation: part(sections, `${way}_relation`),
    other: part(sections, `${way}_other`),
    weight: sections.get(`${way}_weight`) ?? null,
  };
}

function relationOf(stored: StoredRelation): Relation {
  const labels = stored.labels.map(([text, language, preferred]) => ({ text, language, preferred }));
  return { id: stored.id, labels, templates: stored.templates, inverse: stored.inverse };
}

function askingOf([text, tails, name, classes, relations]: StoredAsking): Asking {
  return { words: text.split(" "), tails, name, classes: new Set(classes), relations: new Set(relations) };
}

/** Of each relation that has an inverse in the graph its number, whichever of the two names the other. */
function inversesOf(relations: readonly Relation[]): Map<number, number> {
  const numbers = new Map(relations.map((relation, number) => [relation.id, number]));
  const found = new Map<number, number>();
  relations.forEach(({ inverse }, number) => {
    const other = inverse === null ? undefined : numbers.get(inverse);
    if (other === undefined) return;
    if (!found.has(number)) found.set(number, other);
    if (!found.has(other)) found.set(other, number);
  });
  return found;
}

function readable(iri: string): string {
  const ends = iri.replace(/[/#]+$/, "");
  return unquoted(ends.split("/").at(-1)?.split("#").at(-1)?.split(":").at(-1) ?? "") || iri;
}
