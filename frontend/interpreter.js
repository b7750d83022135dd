// Hands PyScript an interpreter that is on its way already: Python starts while PyScript itself is still loading.
// Only in the built page: the build fills in addresses and the lock.

// One long task would freeze the page: between linking, starting Python and importing, the browser gets its turn.
const turn = () => new Promise((go) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); go(); };
  port2.postMessage(null);
});
const folder = new URL('/vendor/pyodide/', location.href).href;
const pyodide = import('/vendor/pyodide/pyodide.mjs');  // not a static import: where it fails, the page gives up
const starting = pyodide.then((module) => module.loadPyodide({
  indexURL: folder,
  packageBaseUrl: folder,
  stdLibURL: '/vendor/python.zip',
  lockFileContents: 'THE LOCK',  // without packages
  fsInit: turn,
  async createPyodideModule(settings) {
    const { default: create } = await import('/vendor/pyodide/pyodide.asm.mjs');
    const module = await create(settings);
    await turn();
    return module;
  },
}));
starting.catch(window.hdPage.giveUp);  // and PyScript is told when it asks

export const { version } = await pyodide;

export async function loadPyodide({ stdout, stderr }) {
  const [python, { stdlib }] = await Promise.all([starting, import('/vendor/pyscript/core.js')]);
  python.setStdout({ batched: stdout });
  python.setStderr({ batched: stderr });
  // PyScript writes its Python package into the working folder at each start. The library has it, compiled.
  const run = python.runPythonAsync;
  python.runPythonAsync = (code, options) => run(code.replace(stdlib, 'import pyscript\n'), options);
  return python;
}
