// The page of a loaded bundle: form, answer, facts; and what happens when something changes.

import type { Engine } from "../engine.ts";
import { Fault } from "../errors.ts";
import { aboutCard } from "./about.ts";
import { answerCard } from "./answer.ts";
import { benchmarkCard } from "./benchmark.ts";
import { h } from "./dom.ts";
import { Changes } from "./edits.ts";
import { factsCard } from "./facts.ts";
import { type Form, formOf, type Request } from "./form.ts";
import { say, sayFault } from "./words.ts";

export class Page {
  readonly #engine: Engine;
  readonly #changes = new Changes();
  readonly #answer = h("div", { "aria-live": "polite", "aria-atomic": "true" });
  readonly #facts = h("section", { class: "card", hidden: true });
  #form: Form | null = null;
  #last: Request | null = null;
  #turn = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    document.body.dataset["turn"] = "0";
  }

  /** All of the page in the language of now. */
  elements(): HTMLElement[] {
    this.#form = formOf(this.#engine.manifest, () => void this.#submit(), this.#form);
    this.#answer.setAttribute("aria-label", say("answer"));
    if (this.#last) void this.#show(false);
    const answer = h("section", { class: "card answer" }, h("h2", { class: "unseen" }, say("answer")), this.#answer);
    return [this.#form.element, answer, this.#facts, benchmarkCard(this.#engine), aboutCard(this.#engine)];
  }

  async #submit(): Promise<void> {
    this.#last = this.#form?.asked() ?? null;
    await this.#show(true);
  }

  async #show(scroll: boolean): Promise<void> {
    const turn = ++this.#turn; // a later question is not overtaken by an earlier answer
    if (!this.#last) return;
    const { asked, notes } = this.#last;
    const button = this.#form?.button;
    if (button) button.textContent = say("asking");
    try {
      if (!asked.text.trim()) throw new Fault("empty");
      this.#engine.edit(this.#changes.edits);
      const outcome = await this.#engine.ask(asked);
      if (turn !== this.#turn) return;
      this.#answer.replaceChildren(answerCard(outcome, notes));
      const looked = outcome.looked;
      const changed = (): void => void this.#show(false);
      if (looked) this.#keepingFocus(factsCard({ engine: this.#engine, changes: this.#changes, looked, changed }));
      this.#facts.hidden = !looked;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#answer.replaceChildren(h("p", { class: "fault", role: "alert" }, sayFault(error)));
      this.#facts.hidden = true;
    } finally {
      if (button) button.textContent = say("ask");
      document.body.dataset["turn"] = String(turn);
    }
    if (scroll) this.#answer.scrollIntoView({ block: "nearest" });
  }

  /** Facts anew; who had opened a part or was in the list finds it open and is still there. */
  #keepingFocus(parts: readonly HTMLElement[]): void {
    const open = [...this.#facts.querySelectorAll("details")].map((one) => one.open);
    const within = this.#facts.contains(document.activeElement);
    this.#facts.replaceChildren(...parts);
    const now = [...this.#facts.querySelectorAll("details")];
    if (open.length === now.length) now.forEach((one, number) => (one.open = open[number]));
    else now.at(-1)?.toggleAttribute("open", open.at(-1) ?? false);
    if (within) this.#facts.querySelector("figure")?.focus({ preventScroll: true });
  }
}
