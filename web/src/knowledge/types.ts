// The small values of src/hodu/knowledge. Places in a text are counted in characters (code points), as Python counts them.

export interface Label {
  readonly text: string;
  readonly language: string;
  readonly preferred: boolean;
}

export interface Relation {
  readonly id: string;
  readonly labels: readonly Label[];
  readonly templates: Readonly<Record<string, string>>;
  readonly inverse: string | null;
}

export interface Candidate {
  readonly entity: number;
  readonly score: number;
  readonly reason: string;
}

export interface Mention {
  readonly start: number;
  readonly end: number;
  readonly surface: string;
  readonly candidates: readonly Candidate[];
}

export interface Fact {
  readonly subject: number;
  readonly relation: number;
  readonly object: number;
  readonly weight: number;
  readonly reason: string;
}

/** A triple as a key of maps and sets. */
export function keyOf(fact: { readonly subject: number; readonly relation: number; readonly object: number }): string {
  return `${fact.subject} ${fact.relation} ${fact.object}`;
}
