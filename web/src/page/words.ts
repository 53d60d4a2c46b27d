// What the page says, in Korean and in English.

import { Fault, type FaultKind, type FaultValues } from "../errors.ts";
import type { Language } from "../knowledge/vocabulary.ts";

const ENGLISH = {
  tagline: "A small language model on this device. Nothing you type leaves it.",
  other: "한국어",
  loading: "Loading the model",
  ready: "Works without a network from now on",
  online: "Works while the server is there (to keep it for later, open it by https)",
  saving: "Keeping the page for use without a network…",
  examples: "Examples",
  text: "Text",
  question: "Question",
  passage: "Passage",
  choices: "Choices, one a line",
  choicesFree: "Choices, one a line (or leave them to the graph)",
  first: "First text",
  second: "Second text",
  pair: "Second text (only for models of pairs)",
  masked: "Text with [MASK] where a word is missing",
  ask: "Answer",
  asking: "Thinking…",
  answer: "Answer",
  unknown: "I don't know",
  unknownWhy: "The facts of the graph do not decide it.",
  noCandidate: "No path of facts leads from what the question mentions to an answer.",
  nothing: "None of the labels is likely",
  score: "Score",
  similarity: "Similarity (cosine)",
  noAnswer: "No answer found in the passage",
  times: "Time",
  link: "linking",
  select: "facts",
  model: "model",
  cutTokens: "The text is longer than the model reads; its end was left out.",
  emptyName: "A fact needs a name on both sides.",
  cutCharacters: "Only the first {most} characters of a text are read.",
  cutChoices: "There are more than {most} choices; only these were read.",
  facts: "Facts",
  reasons: "The facts that lead to the answer",
  read: "Facts that the model read",
  noFacts: "The graph has no facts about what the text mentions.",
  hint: "Press a line, or ✕, to remove a fact; add one below. The answer changes at once.",
  remove: "Remove: {fact}",
  edits: "Your changes",
  undo: "Undo: {fact}",
  reset: "Reset the graph",
  add: "Add a fact",
  subject: "Subject",
  relation: "Relation",
  object: "Object",
  addButton: "Add",
  unknownEntity: "The graph has nothing called “{name}”.",
  alreadyThere: "That fact is already there.",
  benchmark: "How fast is this device?",
  benchmarkRun: "Measure",
  measuring: "Measuring {length} tokens…",
  tokens: "tokens",
  p50: "p50, ms",
  p95: "p95, ms",
  about: "About this model",
  task: "task",
  size: "size",
  precision: "precision",
  maxLength: "most tokens",
  teacher: "teacher",
  recipe: "recipe",
  licence: "licence",
  made: "made",
  figures: "Compared with PyTorch when it was exported",
  accuracy: "accuracy",
  agreement: "same answers",
  largestDifference: "largest difference",
  graphSize: "graph",
  graphCount: "{entities} entities, {relations} relations",
  retry: "Try again",
  fault: "This does not work",
  pressToUse: "Use this example: {text}",
};

type Words = typeof ENGLISH;
export type Word = keyof Words;

const KOREAN: Words = {
  tagline: "이 기기 안에서 도는 작은 언어 모델입니다. 입력한 글은 기기 밖으로 나가지 않습니다.",
  other: "English",
  loading: "모델을 불러오는 중",
  ready: "이제 네트워크 없이도 쓸 수 있습니다",
  online: "서버가 있는 동안 쓸 수 있습니다 (저장해 두려면 https로 여세요)",
  saving: "네트워크 없이 쓸 수 있게 저장하는 중…",
  examples: "예문",
  text: "글",
  question: "질문",
  passage: "지문",
  choices: "보기, 한 줄에 하나씩",
  choicesFree: "보기, 한 줄에 하나씩 (비우면 그래프에서 찾음)",
  first: "첫째 글",
  second: "둘째 글",
  pair: "둘째 글 (글 두 편을 읽는 모델만)",
  masked: "빠진 낱말 자리에 [MASK]를 넣은 글",
  ask: "답 보기",
  asking: "생각하는 중…",
  answer: "답",
  unknown: "모르겠습니다",
  unknownWhy: "그래프의 사실로는 정해지지 않습니다.",
  noCandidate: "질문에 나온 것에서 답으로 이어지는 사실이 없습니다.",
  nothing: "가능성이 큰 라벨이 없습니다",
  score: "점수",
  similarity: "비슷한 정도 (코사인)",
  noAnswer: "지문에서 답을 찾지 못했습니다",
  times: "시간",
  link: "연결",
  select: "사실",
  model: "모델",
  cutTokens: "글이 모델이 읽는 길이보다 길어 끝부분은 읽지 않았습니다.",
  emptyName: "사실의 양쪽에 이름이 있어야 합니다.",
  cutCharacters: "글은 처음 {most}자까지만 읽습니다.",
  cutChoices: "보기가 {most}개를 넘어 그만큼만 읽었습니다.",
  facts: "사실",
  reasons: "답에 이르는 사실",
  read: "모델이 읽은 사실",
  noFacts: "글에 나온 것에 대한 사실이 그래프에 없습니다.",
  hint: "선이나 ✕를 누르면 사실이 지워지고, 아래에서 더할 수 있습니다. 답이 바로 바뀝니다.",
  remove: "지우기: {fact}",
  edits: "바꾼 것",
  undo: "되돌리기: {fact}",
  reset: "그래프 처음대로",
  add: "사실 더하기",
  subject: "주어",
  relation: "관계",
  object: "목적어",
  addButton: "더하기",
  unknownEntity: "그래프에 ‘{name}’(이)라는 것이 없습니다.",
  alreadyThere: "이미 있는 사실입니다.",
  benchmark: "이 기기는 얼마나 빠를까요?",
  benchmarkRun: "재기",
  measuring: "{length}토큰을 재는 중…",
  tokens: "토큰",
  p50: "p50, ms",
  p95: "p95, ms",
  about: "이 모델에 대하여",
  task: "과제",
  size: "크기",
  precision: "정밀도",
  maxLength: "최대 토큰",
  teacher: "스승",
  recipe: "레시피",
  licence: "라이선스",
  made: "만든 날",
  figures: "내보낼 때 PyTorch와 견준 수치",
  accuracy: "정확도",
  agreement: "같은 답",
  largestDifference: "가장 큰 차이",
  graphSize: "그래프",
  graphCount: "개체 {entities}개, 관계 {relations}가지",
  retry: "다시 시도",
  fault: "쓸 수 없습니다",
  pressToUse: "이 예문 쓰기: {text}",
};

const FAULTS: Readonly<Record<FaultKind, Readonly<Record<Language, string>>>> = {
  "no-simd": {
    en: "This browser cannot run the model: it has no WebAssembly SIMD. Update it, or open the page in Chrome 91, Firefox 89, Safari 16.4 or newer.",
    ko: "이 브라우저에는 WebAssembly SIMD가 없어 모델을 돌릴 수 없습니다. 업데이트하거나 Chrome 91, Firefox 89, Safari 16.4 이상에서 여세요.",
  },
  "no-manifest": {
    en: "There is no manifest.json beside this page ({status}). Open the folder that hodu export wrote: hodu preview BUNDLE.",
    ko: "이 페이지 옆에 manifest.json이 없습니다 ({status}). hodu export가 만든 폴더를 여세요: hodu preview BUNDLE.",
  },
  "bad-manifest": {
    en: "manifest.json is not whole: {lacking} is missing or wrong. Export the bundle again: hodu export.",
    ko: "manifest.json이 온전하지 않습니다: {lacking}이(가) 없거나 잘못되었습니다. 다시 내보내세요: hodu export.",
  },
  "bundle-version": {
    en: "The bundle has version {came}; this page reads version {expected}. Reload the page; if that does not help, export the bundle again with this hodu.",
    ko: "묶음의 버전이 {came}인데 이 페이지는 버전 {expected}을(를) 읽습니다. 새로고침해 보고, 그래도 안 되면 이 hodu로 다시 내보내세요.",
  },
  "file-missing": {
    en: "The file {file} could not be fetched ({status}). Check the network, or that the bundle was copied whole, and try again.",
    ko: "{file} 파일을 받지 못했습니다 ({status}). 네트워크와 묶음이 모두 복사되었는지 확인하고 다시 시도하세요.",
  },
  "file-size": {
    en: "The file {file} has {came} bytes where the manifest says {expected}: it was cut short or replaced. Copy or export the bundle again.",
    ko: "{file} 파일이 {came}바이트인데 manifest에는 {expected}바이트로 되어 있습니다. 잘렸거나 바뀌었으니 묶음을 다시 복사하거나 내보내세요.",
  },
  "file-altered": {
    en: "The file {file} is not the one that was exported (its SHA-256 differs). Copy or export the bundle again.",
    ko: "{file} 파일이 내보낸 것과 다릅니다 (SHA-256이 다릅니다). 묶음을 다시 복사하거나 내보내세요.",
  },
  "graph-none": {
    en: "The graph file is no compiled graph. Compile it: hodu graph compile GRAPH --out FILE.",
    ko: "그래프 파일이 컴파일된 그래프가 아닙니다. 컴파일하세요: hodu graph compile GRAPH --out FILE.",
  },
  "graph-version": {
    en: "The graph file has version {came}; this page reads version {expected}. Compile the graph again: hodu graph compile.",
    ko: "그래프 파일의 버전이 {came}인데 이 페이지는 버전 {expected}을(를) 읽습니다. 다시 컴파일하세요: hodu graph compile.",
  },
  "graph-size": {
    en: "The graph file has {came} bytes where {expected} were written: it was cut short or added to. Compile the graph again.",
    ko: "그래프 파일이 {came}바이트인데 쓸 때는 {expected}바이트였습니다. 잘렸거나 늘어났으니 다시 컴파일하세요.",
  },
  "graph-damaged": {
    en: "The graph file is damaged (its part {part} is not as it was written). Compile the graph again.",
    ko: "그래프 파일이 망가졌습니다 ({part} 부분이 쓸 때와 다릅니다). 다시 컴파일하세요.",
  },
  "no-facts-graph": {
    en: "This model reads facts, and the bundle has no graph. Export it with one: hodu export MODEL --graph FILE.",
    ko: "사실을 읽는 모델인데 묶음에 그래프가 없습니다. 그래프와 함께 내보내세요: hodu export MODEL --graph FILE.",
  },
  tokenizer: {
    en: "tokenizer.json cannot be used here ({why}). Export the bundle again.",
    ko: "tokenizer.json을 쓸 수 없습니다 ({why}). 묶음을 다시 내보내세요.",
  },
  model: {
    en: "The model did not run: {why}. Reload the page; if that does not help, export the bundle again.",
    ko: "모델이 돌지 않았습니다: {why}. 새로고침해 보고, 그래도 안 되면 묶음을 다시 내보내세요.",
  },
  gguf: {
    en: "A model that writes text (causal-lm) does not run on this page; it needs a GGUF file: hodu export MODEL --to gguf, for llama.cpp and apps built on it.",
    ko: "글을 쓰는 모델(causal-lm)은 이 페이지에서 돌지 않습니다. GGUF 파일이 필요합니다: hodu export MODEL --to gguf (llama.cpp와 그것을 쓰는 앱).",
  },
  task: {
    en: "This page does not know the task “{task}”. Reload it; perhaps the bundle is newer than the page.",
    ko: "이 페이지는 ‘{task}’ 과제를 모릅니다. 새로고침해 보세요. 묶음이 페이지보다 새것일 수 있습니다.",
  },
  empty: {
    en: "There is no text yet. Type one, or take an example.",
    ko: "아직 글이 없습니다. 입력하거나 예문을 골라 보세요.",
  },
  "empty-second": {
    en: "One of the two texts is still empty.",
    ko: "두 글 가운데 하나가 아직 비어 있습니다.",
  },
  "one-choice": {
    en: "A question needs two choices or more, one a line.",
    ko: "보기는 한 줄에 하나씩 둘 이상이어야 합니다.",
  },
  "no-mask": { en: "Write {mask} where the missing word stands.", ko: "빠진 낱말 자리에 {mask}를 쓰세요." },
};

let language: Language = "en";

export function spoken(): Language {
  return language;
}

export function speak(which: Language): void {
  language = which;
  document.documentElement.lang = which;
}

export function say(word: Word, values: FaultValues = {}): string {
  return filled((language === "ko" ? KOREAN : ENGLISH)[word], values);
}

/** What went wrong, in a sentence. */
export function sayFault(error: unknown): string {
  if (error instanceof Fault) return filled(FAULTS[error.kind][language], error.values);
  return filled(FAULTS.model[language], { why: error instanceof Error ? error.message : String(error) });
}

function filled(text: string, values: FaultValues): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? shown(values[name]) : whole));
}

function shown(value: string | number): string {
  return typeof value === "number" ? value.toLocaleString(language) : value;
}
