// The service worker: the page starts without network, and never from files of two versions.
//
// The server puts `const BUILD = {id, files}` before this text, so a new build is a new worker. All of a build is in its
// cache before the worker counts as installed, and a page that runs keeps its build until the person takes the new one.
// Nothing under /api is ever touched. When sources are served BUILD is null: the worker cleans up and goes.
/* global BUILD */
'use strict';

const PREFIX = 'hd-image-cache:';
const NAME = BUILD && PREFIX + BUILD.id;

// A route finds an answer only where the headers named by Vary are the same, and a navigation sends others than a worker.
function unvarying(answer) {
  const headers = new Headers(answer.headers);
  headers.delete('vary');
  return new Response(answer.body, { headers });
}

async function fill() {
  const cache = await caches.open(NAME);
  await Promise.all(BUILD.files.map(async (path) => {
    // A file's name holds its hash: what an older build has under the same name is the same file.
    const known = path === '/' ? undefined : await caches.match(path);
    const answer = known ?? await fetch(path, { cache: path === '/' ? 'no-cache' : 'default' });
    if (!answer.ok) throw new Error(`${answer.status} for ${path}`);
    await cache.put(path, path === '/' ? unvarying(answer) : answer);
  }));
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== NAME).map((name) => caches.delete(name)));
  if (!BUILD) await self.registration.unregister();
}

// The page again, in the language that was just chosen; one of another build is left alone.
async function fetchPage() {
  const answer = await fetch('/', { cache: 'no-cache' });
  if (!answer.ok || !(await answer.clone().text()).includes(BUILD.id)) return;
  await (await caches.open(NAME)).put('/', unvarying(answer));
}

// Where a browser knows routes, it answers from the cache without waiting for this worker to start.
function routes() {
  const source = { cacheName: NAME };
  return ['/', '/assets/*'].map((pathname) => (
    { condition: { urlPattern: { pathname, search: '' }, requestMethod: 'get' }, source }));
}

async function serve(request, path) {
  const kept = await (await caches.open(NAME)).match(path);
  return kept ?? fetch(request);
}

self.addEventListener('install', (event) => {
  if (BUILD) event.waitUntil(Promise.all([fill(), event.addRoutes?.(routes()).catch(() => {})]));
  else self.skipWaiting();
});
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
  if (event.data === 'language' && BUILD) event.waitUntil(fetchPage().catch(() => {}));
});
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const ours = BUILD && event.request.method === 'GET' && url.origin === location.origin;
  if (ours && BUILD.files.includes(url.pathname)) event.respondWith(serve(event.request, url.pathname));
});
