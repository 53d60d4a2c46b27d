// The model, in a thread of its own, so that the page stays responsive while it thinks.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { Feed } from "./inputs.ts";

export type Request = { readonly id: number } & ({ readonly model: ArrayBuffer } | { readonly feed: Feed });

export interface Output {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export type Reply = { readonly id: number } & (
  | { readonly error: string }
  | { readonly outputs: Readonly<Record<string, Output>>; readonly milliseconds: number }
);

let session: InferenceSession | null = null;

env.wasm.numThreads = 1;
env.wasm.wasmPaths = { wasm };
env.logLevel = "error";

async function answer(request: Request): Promise<Reply> {
  if ("model" in request) {
    // warnings about a model are for who exports it, not for the console of who uses it
    session = await InferenceSession.create(new Uint8Array(request.model), {
      executionProviders: ["wasm"],
      logSeverityLevel: 3,
    });
    return { id: request.id, outputs: {}, milliseconds: 0 };
  }
  if (!session) throw new Error("no model is loaded");
  const { rows, length, inputs } = request.feed;
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, data]) => [name, new Tensor("int64", data, [rows, length])]),
  );
  const start = performance.now();
  const made = await session.run(feeds);
  const milliseconds = performance.now() - start;
  const outputs: Record<string, Output> = {};
  for (const [name, { dims, data }] of Object.entries(made))
    outputs[name] = { dims, values: Float32Array.from(data as Float32Array) };
  return { id: request.id, outputs, milliseconds };
}

addEventListener("message", (event: MessageEvent<Request>) => {
  answer(event.data)
    .catch(
      (error: unknown): Reply => ({ id: event.data.id, error: error instanceof Error ? error.message : String(error) }),
    )
    .then((reply) => postMessage(reply));
});
