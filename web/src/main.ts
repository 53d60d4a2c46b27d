// Starts the page: language, the bundle with its progress, and what says that something went wrong.

import { load, type Loaded } from "./bundle/files.ts";
import { Engine } from "./engine.ts";
import { Fault } from "./errors.ts";
import type { Language } from "./knowledge/vocabulary.ts";
import { hasSimd } from "./model/simd.ts";
import { h } from "./page/dom.ts";
import { Page } from "./page/page.ts";
import { say, sayFault, speak, spoken } from "./page/words.ts";
import "./style.css";

const app = document.getElementById("app") ?? document.body;
const body = h("main", { id: "content" });
const state = h("p", { class: "state", role: "status" });
let page: Page | null = null;
let name = "hodu";
let show: () => void = () => undefined;
let kept: "saving" | "ready" | "online" = "saving";

function header(): HTMLElement {
  const other: Language = spoken() === "ko" ? "en" : "ko";
  const turn = (): void => {
    localStorageSet(other);
    speak(other);
    frame();
    app.querySelector<HTMLButtonElement>(".language")?.focus();
  };
  const button = h("button", { type: "button", class: "language", lang: other, click: turn }, say("other"));
  const icon = h("img", { src: "icon.svg", alt: "", width: 40, height: 40 });
  return h("header", {}, icon, h("div", {}, h("h1", {}, name), h("p", {}, say("tagline"))), button);
}

function frame(): void {
  state.textContent = page ? say(kept) : "";
  show();
  app.replaceChildren(header(), body, h("footer", {}, state));
}

function localStorageSet(language: Language): void {
  try {
    localStorage.setItem("hodu-language", language);
  } catch {
    return; // a browser that keeps nothing
  }
}

function languageOfReader(): Language {
  try {
    const chosen = localStorage.getItem("hodu-language");
    if (chosen === "ko" || chosen === "en") return chosen;
  } catch {
    // a browser that keeps nothing
  }
  return navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en";
}

function showLoading(): (done: number, whole: number) => void {
  const bar = h("progress", { max: 1, value: 0, "aria-label": say("loading") });
  const text = h("p", {}, say("loading"));
  show = () => body.replaceChildren(h("section", { class: "card loading" }, text, bar));
  frame();
  return (done, whole) => {
    bar.value = done / whole;
    text.textContent = `${say("loading")}: ${(done / 1e6).toFixed(1)} / ${(whole / 1e6).toFixed(1)} MB`;
  };
}

function showFault(error: unknown): void {
  show = () =>
    body.replaceChildren(
      h(
        "section",
        { class: "card", role: "alert" },
        h("h2", {}, say("fault")),
        h("p", { class: "fault" }, sayFault(error)),
        h("button", { type: "button", click: () => location.reload() }, say("retry")),
      ),
    );
  frame();
}

/** The service worker keeps the page for visits without a network; browsers have it on https and on loopback. */
async function keep(): Promise<void> {
  try {
    if (!("serviceWorker" in navigator)) throw new Error("no service worker");
    await navigator.serviceWorker.register("sw.js");
    await navigator.serviceWorker.ready;
    kept = "ready";
  } catch {
    kept = "online";
  }
  state.textContent = page ? say(kept) : "";
  document.body.dataset["kept"] = kept;
}

async function start(): Promise<void> {
  speak(languageOfReader());
  try {
    if (!hasSimd()) throw new Fault("no-simd");
    const loaded: Loaded = await load(showLoading());
    name = loaded.manifest.name;
    document.title = `${name} · hodu`;
    const engine = await Engine.open(loaded);
    Object.assign(globalThis, { hodu: engine }); // for the tests, and for the curious
    const opened = new Page(engine);
    page = opened;
    show = () => body.replaceChildren(...opened.elements());
    frame();
    document.body.dataset["ready"] = "true";
  } catch (error) {
    showFault(error);
  }
  await keep();
}

void start();
