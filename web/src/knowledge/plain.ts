// Text of a graph made fit to be shown (src/hodu/knowledge/plain.py), and about how wide it is.

const UNFIT = /[\p{Cc}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;
const NARROW = new Set("iljIftr.,:;'|!()[]{}· ");
const MARK = /[\p{Mn}\p{Me}\p{Cf}]/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** The text on one line, without what steers the direction of writing; cut at so many characters, with an ellipsis. */
export function plain(text: string, most = 200): string {
  const characters = [...text];
  const said = characters
    .slice(0, 8 * most)
    .join("")
    .replace(UNFIT, " ")
    .replace(/\s+/gu, " ")
    .trim();
  const kept = [...said];
  if (kept.length <= most && characters.length <= 8 * most) return said;
  return `${kept
    .slice(0, most - 1)
    .join("")
    .trimEnd()}…`;
}

/** About how wide the text is, in heights of a letter: rather too wide than too narrow, whatever the font. */
export function width(text: string): number {
  return [...text].reduce((sum, character) => sum + em(character), 0);
}

function em(character: string): number {
  if (MARK.test(character)) return 0;
  if (WIDE.test(character)) return 1;
  if (NARROW.has(character)) return 0.36;
  if ("mwMW@%".includes(character)) return 0.92;
  return /\p{Lu}/u.test(character) ? 0.74 : 0.6;
}

/** The text, or as much of it as is so wide, with an ellipsis. */
export function shortened(text: string, most: number): string {
  if (width(text) <= most) return text;
  let room = most - 1;
  const kept = [...text].filter((character) => {
    room -= em(character);
    return room >= 0;
  });
  return `${kept.join("").trimEnd()}…`;
}
