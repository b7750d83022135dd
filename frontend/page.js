// What must be there before Python is: the queue for early callers of window.hdImageManager and window.authManager, and
// a plain sentence where this browser cannot run the page. A classic script, so it runs before anything else does.
(() => {
  'use strict';
  const connected = {};
  const waiting = [];

  function stub(name, method) {
    return (...args) => {
      if (connected[name]) return connected[name][method](...args);
      return new Promise((resolve, reject) => {
        waiting.push(() => {
          try { resolve(connected[name][method](...args)); } catch (error) { reject(error); }
        });
      });
    };
  }

  const names = {
    hdImageManager: ['saveHDImage', 'getDailyImages', 'getHDImage', 'downloadHDImage', 'deleteImage', 'loadDailyImages',
      'viewImage', 'updateStats'],
    authManager: ['register', 'login', 'logout', 'validateToken'],
  };
  for (const [name, methods] of Object.entries(names)) {
    window[name] = Object.fromEntries(methods.map((method) => [method, stub(name, method)]));
  }
  // These two answer at once, also before Python is live: nobody is known to be signed in then.
  window.authManager.isLoggedIn = () => Boolean(connected.authManager) && connected.authManager.isLoggedIn();
  window.authManager.getCurrentUser = () => (connected.authManager ? connected.authManager.getCurrentUser() : null);

  const giveUp = () => {
    document.documentElement.dataset.ready = '0';
    document.getElementById('boot').hidden = true;
    document.getElementById('unsupported').hidden = false;
  };
  window.hdPage = {
    giveUp,
    connect(name, calls) {
      connected[name] = calls;
      if (Object.keys(names).every((each) => connected[each])) waiting.splice(0).forEach((run) => run());
    },
    decode(base64) {
      return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    },
    async zip(files) {
      const { downloadZip } = await import('/vendor/client-zip/index.js');
      return downloadZip(files).blob();
    },
    encode(blob) {
      return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
        reader.onerror = () => reject(reader.error);
        reader.readAsDataURL(blob);
      });
    },
  };

  // Loading and compiling Python keeps every core busy: begun at once, it would hold up the first picture of the page.
  function afterFirstPaint(start) {
    if (document.hidden) { start(); return; }  // no frame is drawn
    setTimeout(start, 1000);  // milliseconds; a browser that tells of no paint, or a window that was covered
    new PerformanceObserver(start).observe({ type: 'paint', buffered: true });
  }

  addEventListener('DOMContentLoaded', () => {
    if (typeof WebAssembly !== 'object' || !('noModule' in HTMLScriptElement.prototype)) giveUp();
    else afterFirstPaint(() => document.head.append(document.getElementById('python').content));
  });
})();
