// How a written word ends when it is spoken (src/hodu/knowledge/hangul.py).

export const FINALS: readonly string[] = ["", ..."ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"];
const FIRST = 0xac00;
const LAST = 0xd7a3;
// What Python calls space: not the byte order mark, but the separators U+001C to U+001F and U+0085.
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const STRIPPED = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const BRACKETED = new RegExp(`(?<=[^${SPACE}])[${SPACE}]*[(\\[（][^()\\[\\]（）]*[)\\]）][${SPACE}]*$`);
const CLOSING = /["'”’」』>)\]}.,!?·… ]+$/;
const DIGITS: Readonly<Record<string, string>> = {
  0: "ㅇ",
  1: "ㄹ",
  2: "",
  3: "ㅁ",
  4: "",
  5: "",
  6: "ㄱ",
  7: "ㄹ",
  8: "ㄹ",
  9: "",
};
const LETTERS: Readonly<Record<string, string>> = { L: "ㄹ", M: "ㅁ", N: "ㄴ", R: "ㄹ" };
const SOUNDS: readonly (readonly [RegExp, string])[] = [
  [/(l|le|el)$/, "ㄹ"],
  [/(m|me|mb)$/, "ㅁ"],
  [/(n|ne|gn)$/, "ㄴ"],
  [/ng$/, "ㅇ"],
  [/[aeiou](ck|k|c)$/, "ㄱ"],
  [/[aeiou]p$/, "ㅂ"],
  [/[aeiou]t$/, "ㅅ"],
];

/** The text without spaces at its ends, by Python's notion of a space. */
export function stripped(text: string): string {
  return text.replace(STRIPPED, "");
}

/** The final consonant with which a written word ends in speech, "" for a vowel; also for digits and Latin letters. */
export function spokenFinal(text: string): string {
  const word = stripped(text).replace(BRACKETED, "").replace(CLOSING, "");
  if (!word) return "";
  const last = word.slice(-1);
  const code = last.charCodeAt(0);
  if (code >= FIRST && code <= LAST) return FINALS[(code - FIRST) % 28];
  if (last in DIGITS) return DIGITS[last];
  const tail = /[A-Za-z]+$/.exec(word)?.[0];
  if (!tail) return "";
  if (tail === tail.toUpperCase() || tail.length === 1) return LETTERS[last.toUpperCase()] ?? "";
  return SOUNDS.find(([sound]) => sound.test(tail.toLowerCase()))?.[1] ?? "";
}
