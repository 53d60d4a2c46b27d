// What a person changed in the graph: facts removed and added, on this page and until it is closed.

import type { Edits, Triple } from "../knowledge/edited.ts";
import { keyOf } from "../knowledge/types.ts";

export class Changes {
  readonly #removed = new Map<string, Triple>();
  readonly #added = new Map<string, Triple>();

  get edits(): Edits {
    return { removed: [...this.#removed.values()], added: [...this.#added.values()] };
  }

  get size(): number {
    return this.#removed.size + this.#added.size;
  }

  remove(fact: Triple): void {
    const key = keyOf(fact);
    if (!this.#added.delete(key)) this.#removed.set(key, bare(fact));
  }

  add(fact: Triple): void {
    const key = keyOf(fact);
    if (!this.#removed.delete(key)) this.#added.set(key, bare(fact));
  }

  undo(fact: Triple): void {
    this.#removed.delete(keyOf(fact));
    this.#added.delete(keyOf(fact));
  }

  reset(): void {
    this.#removed.clear();
    this.#added.clear();
  }
}

function bare({ subject, relation, object }: Triple): Triple {
  return { subject, relation, object };
}
