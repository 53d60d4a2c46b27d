// A fact as a sentence, with the Korean particles that its words ask for (src/hodu/knowledge/verbalise.py).

import { spokenFinal } from "./hangul.ts";
import type { Relation } from "./types.ts";

const PAIRS = new Map<string, readonly [string, string]>([
  ...["은(는)", "는(은)"].map((pair) => [pair, ["은", "는"]] as const),
  ...["이(가)", "가(이)"].map((pair) => [pair, ["이", "가"]] as const),
  ...["을(를)", "를(을)"].map((pair) => [pair, ["을", "를"]] as const),
  ...["과(와)", "와(과)"].map((pair) => [pair, ["과", "와"]] as const),
  ...["아(야)", "야(아)"].map((pair) => [pair, ["아", "야"]] as const),
  ["(으)로", ["으로", "로"]],
  ...["라고", "라는", "라", "나", "랑", "며", "고", "다", "란"].map(
    (rest) => [`(이)${rest}`, [`이${rest}`, rest]] as const,
  ),
]);
const LONGEST_FIRST = [...PAIRS.keys()].sort((one, other) => other.length - one.length);
const PART = new RegExp(
  ["\\{subject\\}", "\\{object\\}", ...LONGEST_FIRST.map((pair) => pair.replace(/[()]/g, "\\$&"))].join("|"),
  "g",
);

function particle(word: string, pair: string, [afterFinal, afterVowel]: readonly [string, string]): string {
  const final = spokenFinal(word);
  return final === "" || (pair === "(으)로" && final === "ㄹ") ? afterVowel : afterFinal; // 칼로, not 칼으로
}

/** The template's sentence. Pairs in the labels themselves stay as they are. */
export function fill(template: string, subject: string, object: string): string {
  let said = "";
  let last = 0;
  for (const found of template.matchAll(PART)) {
    said += template.slice(last, found.index);
    last = found.index + found[0].length;
    const pair = PAIRS.get(found[0]);
    if (pair) said += particle(said, found[0], pair);
    else said += found[0] === "{subject}" ? subject : object;
  }
  return said + template.slice(last);
}

/** By the template in the language; else by the relation's label between the two; else by the end of its IRI. */
export function verbalise(relation: Relation, subject: string, object: string, language: string): string {
  const template = relation.templates[language];
  return template ? fill(template, subject, object) : `${subject} ${relationLabel(relation, language)} ${object}`;
}

/** The relation's name, in the language where it has one. */
export function relationLabel(relation: Relation, language: string): string {
  const rank = (label: { language: string; preferred: boolean }): number =>
    2 * Number(label.language !== language) + Number(!label.preferred);
  const [best] = [...relation.labels].sort((one, other) => rank(one) - rank(other));
  return best ? best.text : unquoted(relation.id.split(/[/#:]/).at(-1) ?? "") || relation.id;
}

/** Percent signs resolved; what they spell is shown as far as it is text. */
export function unquoted(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (found) =>
    new TextDecoder().decode(Uint8Array.from(found.slice(1).split("%"), (byte) => Number.parseInt(byte, 16))),
  );
}
