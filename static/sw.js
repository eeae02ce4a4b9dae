// Keeps the hosted page usable offline. What it tests goes past this file untouched: only requests to the page's own
// files are looked at, and the page, its site file and its catalogues come from the network where there is one.

const VERSION = "VERSION";
const ASSETS = ["ASSETS"];
const SITE_FILE = "connector-check.site.json";
/** The folder that the page is in; a server may have several copies of it. */
const FOLDER = registration.scope;
const CACHES_OF_THIS_COPY = `connector-check ${new URL(FOLDER).pathname} `;
const CACHE = CACHES_OF_THIS_COPY + VERSION;
/** A server that takes longer than this, in ms, is as good as none for a page that lies ready. */
const PATIENCE = 4_000;

addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([new Request(FOLDER, { cache: "reload" }), ...ASSETS.map((path) => FOLDER + path)]);
    // That there is none is the normal case.
    await cache.add(FOLDER + SITE_FILE).catch(() => {});
    // At once: Firefox may keep a page of the version before for a long time, for the way back to it.
    await skipWaiting();
  };
  event.waitUntil(fill());
});

addEventListener("activate", (event) => {
  // A page of the version before may still ask for its files; those of older ones nobody needs.
  const before = (name) => name.startsWith(CACHES_OF_THIS_COPY) && name !== CACHE;
  const clean = async () => {
    const names = (await caches.keys()).filter(before);
    for (const name of names.slice(0, -1)) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(clean());
});

addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const address = url.split(/[?#]/)[0];
  if (method !== "GET" || !address.startsWith(FOLDER)) return;
  const path = address.slice(FOLDER.length);
  if (path.startsWith("assets/")) event.respondWith(kept(event.request));
  else if (mode === "navigate" && (path === "" || path === "index.html")) event.respondWith(fresh(event.request, FOLDER));
  else if (mode !== "no-cors" && path.endsWith(".json")) event.respondWith(fresh(event.request, address));
});

/** From any cache: its name says what is in it. */
async function kept(request) {
  return (await caches.match(request.url)) ?? fetch(request);
}

/** From the network, and for the next time into the cache; from the cache where the network has nothing. */
async function fresh(request, key) {
  const cache = await caches.open(CACHE);
  const network = fetch(request).then(async (response) => {
    if (response.ok) await cache.put(key, response.clone());
    return response;
  });
  network.catch(() => {});
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  try {
    const first = await Promise.race([network, late.then(() => cache.match(key))]);
    return first ?? (await network);
  } catch (error) {
    const before = await cache.match(key);
    if (before) return before;
    throw error;
  }
}
