import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const OUT = "../src/hodu/exporting/page";

/** Writes into sw.js which files the page has, with their hashes: what a visit without a network needs. */
function serviceWorker(): Plugin {
  return {
    name: "hodu-service-worker",
    apply: "build",
    closeBundle() {
      const files = readdirSync(OUT, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== "sw.js")
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [
          relative(OUT, path).replaceAll("\\", "/"),
          createHash("sha256").update(readFileSync(path)).digest("hex"),
        ])
        .sort();
      const list = JSON.stringify(Object.fromEntries(files), null, 2);
      const version = createHash("sha256").update(list).digest("hex").slice(0, 16);
      const template = readFileSync("src/sw.js", "utf8");
      const filled = template
        .replace("FILES = {};", `FILES = ${list};`)
        .replace('VERSION = "";', `VERSION = "${version}";`);
      if (!filled.includes(list) || !filled.includes(version)) throw new Error("src/sw.js has no place for its files");
      writeFileSync(join(OUT, "sw.js"), filled);
    },
  };
}

export default defineConfig({
  base: "./",
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
  },
  worker: { format: "es" },
  plugins: [serviceWorker()],
});
