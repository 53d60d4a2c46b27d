// The text as it is searched (src/hodu/knowledge/surfaces.py): lower case, and a space for whatever is no letter or digit.

export const REASONS: readonly string[] = [
  "its label",
  "another label of it",
  "a form of its label",
  "a form of another label of it",
  "the noun in its label",
  "its label, but a word too common to mean much",
];
// What Python's isalnum says yes to, combining marks, and + and #: C++ and C# are not C.
const KEPT = /[\p{L}\p{Nd}\p{Nl}\p{No}\p{Mn}\p{Mc}+#]/u;
const known = new Map<string, string>();

/** One character for one character, so that places stay. */
export function fold(character: string): string {
  let folded = known.get(character);
  if (folded === undefined) {
    const lower = character.toLowerCase();
    folded = !KEPT.test(character) ? " " : [...lower].length === 1 ? lower : character;
    known.set(character, folded);
  }
  return folded;
}
