// The model as the page sees it: rows in, numbers out.

import { Fault } from "../errors.ts";
import { type FactRow, feedOf } from "./inputs.ts";
import type { Output, Reply, Request } from "./worker.ts";

export interface Said {
  readonly outputs: Readonly<Record<string, Output>>;
  readonly milliseconds: number;
}

export class Model {
  readonly inputs: readonly string[];
  readonly pad: number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (said: Said) => void; reject: (fault: Fault) => void }>();
  #last = 0;

  private constructor(inputs: readonly string[], pad: number) {
    this.inputs = inputs;
    this.pad = pad;
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", (event: MessageEvent<Reply>) => this.#settle(event.data));
    this.#worker.addEventListener("error", (event) => {
      for (const id of [...this.#waiting.keys()])
        this.#settle({ id, error: event.message || "the worker did not start" });
    });
  }

  static async open(file: ArrayBuffer, inputs: readonly string[], pad: number): Promise<Model> {
    const model = new Model(inputs, pad);
    await model.#ask((id) => ({ id, model: file }), [file]);
    return model;
  }

  run(rows: readonly FactRow[]): Promise<Said> {
    const feed = feedOf(rows, this.inputs, this.pad);
    return this.#ask((id) => ({ id, feed }), []);
  }

  #ask(request: (id: number) => Request, transfer: Transferable[]): Promise<Said> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(request(id), transfer);
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("error" in reply) waiting?.reject(new Fault("model", { why: reply.error.slice(0, 300) }));
    else waiting?.resolve(reply);
  }
}
