// What may follow the start of a word, by classes (src/hodu/knowledge/endings.py). The tails themselves are in the compiled file.

const TAILS = [
  ...["whole", "noun_vowel", "noun_final", "noun_rieul", "noun_any"],
  ...["vowel", "consonant", "closed", "open", "eu", "rieul", "dropped", "infinitive", "past", "n", "l", "b", "m"],
] as const;

/** This class and those after it: the tail belongs to the word's meaning, 팠다 and not 팠. */
export const VERBAL = 1 << TAILS.indexOf("vowel");

/** Each tail with the classes that have it, as bits. */
export function tailMasks(section: Uint8Array): Map<string, number> {
  const masks = new Map<string, number>();
  for (const line of new TextDecoder().decode(section).split("\n")) {
    const [number, tails] = line.split("\t");
    for (const tail of tails.split(" ")) masks.set(tail, (masks.get(tail) ?? 0) | (1 << Number(number)));
  }
  return masks;
}
