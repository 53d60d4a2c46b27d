// The likeliest pieces for each [MASK].

import type { Tokens } from "../model/tokens.ts";
import type { Output } from "../model/worker.ts";
import type { Chance } from "./outcome.ts";

const SHOWN = 5;

export function fills(tokens: Tokens, ids: readonly number[], { dims, values }: Output): Chance[][] {
  const mask = tokens.id(tokens.mask ?? "");
  const vocabulary = dims[2];
  return ids.flatMap((id, at) =>
    id === mask ? [likeliest(tokens, values.subarray(at * vocabulary, (at + 1) * vocabulary))] : [],
  );
}

function likeliest(tokens: Tokens, logits: Float32Array): Chance[] {
  const top = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const whole = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
  const order = Array.from(logits.keys()).sort((one, other) => logits[other] - logits[one]);
  return order
    .slice(0, SHOWN)
    .map((id) => ({ text: tokens.decoded([id]), chance: Math.exp(logits[id] - top) / whole }));
}
