"""Makes `.build/`, what the browser loads: `node server/build/build.mjs`. Nothing here is imported by the server."""
