// The page without a network. vite.config.ts fills in which files it has, with their hashes. The bundle's own files are kept by the page itself (bundle/files.ts).

const FILES = {};
const VERSION = "";
const MINE = `hodu-page ${new URL(self.registration.scope).pathname} `; // other bundles of this server have their own
const STORE = `${MINE}${VERSION}`;

async function fetched(path, hash) {
  const answer = await fetch(path, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const digest = await crypto.subtle.digest("SHA-256", await answer.clone().arrayBuffer());
  const found = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== hash) throw new Error(`${path}: not as it was built`);
  return answer;
}

async function install() {
  const store = await caches.open(STORE);
  await Promise.all(Object.entries(FILES).map(async ([path, hash]) => store.put(path, await fetched(path, hash))));
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys())
    if (name.startsWith(MINE) && name !== STORE) await caches.delete(name);
  await self.clients.claim();
}

async function answered(request) {
  const store = await caches.open(STORE);
  const path = request.mode === "navigate" ? "index.html" : request;
  return (await store.match(path)) ?? fetch(request);
}

/** The server's manifest, so that a new bundle is seen; the one of the last visit where there is no server. */
async function manifest(request) {
  return fetch(request).catch(async () => (await caches.match(request.url)) ?? Response.error());
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(request.url.endsWith("/manifest.json") ? manifest(request) : answered(request));
});
