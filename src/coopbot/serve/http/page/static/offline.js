// Makes the page usable without a connection, and says when there is none.

const FILES = ["/", "/page/icon.svg"];

// Where there are service workers: over HTTPS and on localhost.
export async function setUpOffline() {
  const line = document.getElementById("offline");
  const show = (reachable) => {
    line.hidden = reachable;
  };
  // A browser may be connected and yet not reach the service.
  for (const name of ["online", "reached"]) addEventListener(name, () => show(true));
  for (const name of ["offline", "unreached"]) addEventListener(name, () => show(false));
  show(navigator.onLine);
  if (!navigator.serviceWorker || !navigator.onLine) return;
  const name = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: () => "/worker.js" }).createScriptURL("") ?? "/worker.js";
  try {
    await navigator.serviceWorker.register(name);
    const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name)).filter((url) => url.origin === location.origin && url.pathname.startsWith("/page/"));
    await (await caches.open("page")).addAll([...new Set([...FILES, ...loaded.map((url) => url.pathname)])]);
  } catch {
    // Forbidden, or storage is full: the page works with a connection only.
  }
}
