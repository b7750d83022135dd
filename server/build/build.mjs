// Builds what the browser loads: `node server/build/build.mjs` writes `.build/`, and does nothing where nothing changed.
//
// Every file is named by its content and kept; `manifest.json` says which of them are the page. It is replaced last and
// at once, so whoever reads it sees one whole build.

import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const SCRIPT = fileURLToPath(import.meta.url);
const LIBRARY = path.join(path.dirname(SCRIPT), 'library.py');
const ROOT = path.resolve(SCRIPT, '../../..');
const OUT = path.join(ROOT, '.build');
const PYODIDE = path.join(ROOT, 'node_modules/pyodide');
const PYODIDE_FILES = ['pyodide.mjs', 'pyodide.asm.mjs', 'pyodide.asm.wasm'].map((name) => path.join(PYODIDE, name));
const ZIP = path.join(ROOT, 'node_modules/client-zip/index.js');
const PYSCRIPT = path.join(ROOT, 'node_modules/@pyscript/core');
const FRONTEND = path.join(ROOT, 'frontend');
const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
const short = (...parts) => sha256(...parts).slice(0, 16);
const read = (file) => fs.readFile(file);
const exists = (file) => fs.access(file).then(() => true, () => false);

// What PyScript loads at every start: its entry, its plugins, and what those import. The rest is for features not used.
async function pyscriptChunks() {
  const dist = path.join(PYSCRIPT, 'dist');
  const names = new Set(['core.js']);
  for (const name of names) {
    const text = await fs.readFile(path.join(dist, name), 'utf8');
    for (const [, other] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) names.add(other);
    if (!name.startsWith('core-')) continue;
    for (const [, other] of text.matchAll(/:\s*\(\)\s*=>\s*import\("\.\/([^"]+)"\)/g)) names.add(other);
  }
  return [...names].sort().map((name) => path.join(dist, name));
}

async function inputsOf(files) {
  const frontend = (await fs.readdir(FRONTEND, { recursive: true })).filter((name) => /\.(py|json|html|css|js|svg|png|webmanifest)$/.test(name));
  const library = [LIBRARY, SCRIPT, ZIP, path.join(ROOT, 'pyscript.toml'), path.join(PYODIDE, 'python_stdlib.zip')];
  const all = [...files, ...library, ...frontend.sort().map((name) => path.join(FRONTEND, name))];
  return sha256(...(await Promise.all(all.map(async (file) => [path.relative(ROOT, file), await read(file)]))).flat());
}

// Pyodide with what the page's modules stand on when they are imported, and with the functions of library.py.
async function startPython(stdLibURL) {
  const { loadPyodide } = await import(path.join(PYODIDE, 'pyodide.mjs'));
  const python = await loadPyodide({ indexURL: PYODIDE, stdLibURL });
  Object.assign(globalThis, { document: {}, window: globalThis });
  const names = ['PyWorker', 'config', 'js_import', 'js_modules', 'lazy_py_modules', 'storage', 'workers'];
  const stub = Object.fromEntries(names.map((name) => [name, {}]));
  for (const name of ['polyscript', '_pyscript']) python.registerJsModule(name, stub);
  python.mountNodeFS('/page', ROOT);
  python.mountNodeFS('/stdlib', path.join(PYSCRIPT, 'src/stdlib'));
  python.runPython('import sys; sys.path += ["/page", "/stdlib"]');
  python.runPython(await fs.readFile(LIBRARY, 'utf8'));
  return python;
}

// The zip of Python, and pyscript.toml as an object. A first zip holds too much: what the modules reach that give way to
// stand-ins. So Python is started from it, and the second holds what that start has reached.
async function compilePython() {
  const python = await startPython(path.join(PYODIDE, 'python_stdlib.zip'));
  const [reach, pack] = ['reach', 'pack'].map((name) => python.globals.get(name));
  pack(reach('/page'), '/page', '/first.zip');
  const first = path.join(os.tmpdir(), `python-${process.pid}.zip`);
  await fs.writeFile(first, python.FS.readFile('/first.zip'));
  const started = await startPython(first);
  await fs.rm(first);
  pack(python.toPy(started.globals.get('reach')('/page').toJs()), '/page', '/library.zip');
  const config = python.runPython(`
import json, tomllib
json.dumps(tomllib.load(open("/page/pyscript.toml", "rb")))`);
  return { library: python.FS.readFile('/library.zip'), config: JSON.parse(config) };
}

class Assets {
  files = {};

  // Writes a file with its compressed siblings, unless an earlier build did, and returns its address.
  async add(name, content) {
    const url = `/assets/${name}`;
    const data = Buffer.from(content);
    this.files[url] = data.length;
    const file = path.join(OUT, 'assets', name);
    await fs.mkdir(path.dirname(file), { recursive: true });
    const { BROTLI_PARAM_SIZE_HINT: hint, BROTLI_PARAM_LGWIN: window } = zlib.constants;
    const siblings = {
      '.br': () => brotli(data, { params: { [hint]: data.length, [window]: 22 } }),  // quality 11 by default
      '.gz': () => gzip(data, { level: 9 }),
      '': () => data,
    };
    await Promise.all(Object.entries(siblings).map(async ([suffix, make]) => {
      if (!await exists(file + suffix)) await put(file + suffix, await make());
    }));
    return url;
  }

  // Files that name each other share a hash and keep their names.
  async folder(name, files) {
    const contents = await Promise.all(files.map(read));
    const folder = `${name}-${short(...contents)}`;
    await Promise.all(files.map((file, index) => this.add(`${folder}/${path.basename(file)}`, contents[index])));
    return `/assets/${folder}/`;
  }

  named(file, content) {
    const { name, ext } = path.parse(file);
    return this.add(`${name}-${short(content)}${ext}`, content);
  }
}

async function put(file, content) {
  const unfinished = `${file}.${process.pid}`;
  await fs.writeFile(unfinished, content);
  await fs.rename(unfinished, file);
}

const replaced = (text, urls) => Object.entries(urls).reduce((all, [from, to]) => all.replaceAll(from, to), text);

async function build(chunks, inputs) {
  const assets = new Assets();
  const [{ library, config }, pyodide, pyscript] = await Promise.all([
    compilePython(), assets.folder('pyodide', PYODIDE_FILES), assets.folder('pyscript', chunks)]);
  const lock = JSON.parse(await fs.readFile(path.join(PYODIDE, 'pyodide-lock.json'), 'utf8'));
  const urls = {
    '/vendor/pyodide/': pyodide,
    '/vendor/pyscript/': pyscript,
    '/vendor/python.zip': await assets.named('python.zip', library),
    "'THE LOCK'": JSON.stringify({ info: lock.info, packages: {} }),
  };
  urls['/vendor/client-zip/index.js'] = await assets.named('zip.js', await read(ZIP));
  for (const name of ['icons/192.png', 'icons/512.png', 'screenshot.png']) {
    urls[`/frontend/${name}`] = await assets.named(path.basename(name), await read(path.join(FRONTEND, name)));
  }
  for (const name of ['icon.svg', 'app.webmanifest', 'boot.js', 'interpreter.js']) {
    const text = replaced(await fs.readFile(path.join(FRONTEND, name), 'utf8'), urls);
    urls[`/frontend/${name}`] = await assets.named(name, text);
  }
  const id = short(inputs);
  // Chromium keeps no compiled code of a WebAssembly module that was preloaded: the interpreter, which comes first of
  // all scripts, asks for it at once.
  const early = Object.keys(assets.files).filter((url) => /js$/.test(url) && !/zip-/.test(url)).sort()
    .map((url) => `<link rel="modulepreload" href="${url}">`);
  early.unshift(`<link rel="preload" as="fetch" href="${urls['/vendor/python.zip']}" crossorigin>`);
  early.unshift(`<script type="module" src="${urls['/frontend/interpreter.js']}"></script>`);
  const { files, ...settings } = config;  // the library holds them
  const main = await fs.readFile(path.join(FRONTEND, 'main.py'), 'utf8');
  const attributes = `config='${JSON.stringify({ ...settings, interpreter: urls['/frontend/interpreter.js'] })}'`;
  // What is needed before all else is in the page itself: no request stands before the first paint.
  const [script, style] = await Promise.all(['page.js', 'style.css'].map(
    async (name) => replaced(await fs.readFile(path.join(FRONTEND, name), 'utf8'), urls)));
  const html = replaced(await fs.readFile(path.join(FRONTEND, 'index.html'), 'utf8'), urls)
    .replace(/<html[^>]*/, `$& data-build="${id}"`)
    .replace(' src="/frontend/page.js">', () => `>${script}`)
    .replace('<link rel="stylesheet" href="/frontend/style.css">', () => `<style>${style}</style>`)
    .replace('src="/frontend/main.py" config="/pyscript.toml">', () => `${attributes}>\n${main}`)
    .replace('<template id="python">', `$&\n  ${early.join('\n  ')}`);
  const page = `index-${short(html)}.html`;
  await put(path.join(OUT, page), html);
  const inline = Object.fromEntries(Object.entries({ script, style }).map(
    ([name, text]) => [name, createHash('sha256').update(text).digest('base64')]));
  return { build: id, inputs, page, inline, files: assets.files };
}

// Files of builds before the last one are not needed by any page that is still open.
async function prune(...manifests) {
  const kept = new Set(manifests.flatMap(({ page, files }) => [page, ...Object.keys(files).map((url) => url.slice(1))]));
  for (const name of await fs.readdir(OUT, { recursive: true })) {
    const file = path.join(OUT, name);
    if (name !== 'manifest.json' && !kept.has(name.replace(/\.(br|gz)$/, '')) && (await fs.stat(file)).isFile()) await fs.rm(file);
  }
}

const manifest = path.join(OUT, 'manifest.json');
const last = await exists(manifest) ? JSON.parse(await fs.readFile(manifest, 'utf8')) : { page: '', files: {} };
const chunks = await pyscriptChunks();
const inputs = await inputsOf([...PYODIDE_FILES, ...chunks]);
if (last.inputs !== inputs) {
  console.log('Building the page (the first time, half a minute goes into compressing Pyodide)');
  const next = await build(chunks, inputs);
  await put(manifest, `${JSON.stringify(next, null, 1)}\n`);
  await prune(last, next);
}
