// The page's work without Python, as simple as it can be written: what `pipeline.py` measures the page against.

const request = (made) => new Promise((done, fail) => {
  made.onsuccess = () => done(made.result);
  made.onerror = () => fail(made.error);
});

async function open(name) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('blobs', { keyPath: 'id' });
  return request(opening);
}

async function put(database, record) {
  const transaction = database.transaction(['blobs'], 'readwrite', { durability: 'strict' });
  transaction.objectStore('blobs').put(record);
  await new Promise((done, fail) => { transaction.oncomplete = done; transaction.onabort = fail; });
}

async function sha256(blob) {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Keep the bytes here, send them, show that they are saved.
export async function save(blob, prompt) {
  const id = crypto.randomUUID();
  const sha = await sha256(blob);
  await put(await open('plain'), { id, blob, sha });
  const form = new FormData();
  form.append('metadata', new Blob([JSON.stringify({ prompt, sha256: sha })], { type: 'application/json' }));
  form.append('image', blob);
  const headers = { 'Idempotency-Key': id };
  const answer = await fetch('/api/images/save', { method: 'POST', headers, body: form });
  if (answer.status !== 201) throw new Error(await answer.text());
  document.getElementById('daily-images').dataset.state = 'saved';
  return id;
}

// One card an image, with what the page's own cards say, and its thumbnail.
export async function show(name) {
  const database = await open(name);
  const store = (kind) => database.transaction([kind]).objectStore(kind);
  const images = await request(store('images').getAll());
  const template = document.getElementById('card-template').content.firstElementChild;
  const cards = images.map((image) => {
    const card = template.cloneNode(true);
    const set = (selector, text) => { card.querySelector(selector).textContent = text; };
    card.dataset.imageId = image.id;
    card.dataset.state = image.state;
    card.querySelector('img').alt = image.prompt;
    card.querySelector('.picture').setAttribute('aria-label', `View: ${image.prompt}`);
    set('.badge', image.state);
    set('.prompt', image.prompt);
    set('.facts', `${image.width}×${image.height} · ${(image.size / 1e6).toFixed(2)} MB · ${image.model}`);
    set('.left', 'stays');
    return card;
  });
  document.getElementById('daily-images').replaceChildren(...cards);
  await Promise.all(cards.map(async (card) => {
    const kept = await request(store('blobs').get(card.dataset.imageId));
    card.querySelector('img').src = URL.createObjectURL(kept.thumbnail);
  }));
  database.close();
}
