// In which language facts about a text are said (src/hodu/knowledge/vocabulary.py).

const HANGUL = /[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]/;

export type Language = "ko" | "en";

export function languageOf(text: string): Language {
  return HANGUL.test(text) ? "ko" : "en";
}
