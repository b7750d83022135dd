// Starts PyScript without 'unsafe-eval', also where the browser refuses IndexedDB.

// PyScript waits for an IndexedDB of its own, though nothing here is kept in it. A browser that is told to keep nothing
// has none, or answers with an error: PyScript is then given one that is always empty, and `browser/database.py` sees
// `refused` and keeps the images in memory.
const refused = await new Promise((answer) => {
  try {
    const request = indexedDB.deleteDatabase('hd-image-cache:probe');  // touches the disk and leaves nothing on it
    request.onsuccess = () => answer(false);
    request.onerror = () => answer(true);
  } catch {
    answer(true);
  }
});
if (refused) {
  const done = (result) => {
    const request = { result };
    setTimeout(() => request.onsuccess?.({ target: request }));
    return request;
  };
  const store = new Proxy({}, { get: () => () => done([]) });
  const database = { objectStoreNames: [], close() {}, transaction: () => ({ objectStore: () => store }) };
  Object.defineProperty(window, 'indexedDB', { value: { refused, open: () => done(database) } });
}

// The policy lets scripts be named by this one function only, and it knows one name.
const worker = globalThis.trustedTypes?.createPolicy('app', { createScriptURL: () => '/sw.js' }).createScriptURL('') ?? '/sw.js';
window.hdPage.worker = navigator.serviceWorker?.register(worker).catch((error) => console.info('no offline start:', error));

try {
  const { hooks } = await import('/vendor/pyscript/core.js');
  // The one default hook that needs eval belongs to workers, and there are none here.
  hooks.worker.onBeforeRunAsync.clear();
} catch (error) {
  window.hdPage.giveUp();
  console.error(error);
}
