// A service worker: the page from the network while there is one, else as it was last seen. What was answered is in its history.

const SEEN = "page";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const navigates = request.mode === "navigate";
  if (request.method !== "GET" || origin !== location.origin || !(navigates || pathname.startsWith("/page/"))) return;
  event.respondWith(freshOrSeen(request, navigates, !navigates || pathname === "/"));
});

async function freshOrSeen(request, navigates, worthKeeping) {
  try {
    const response = await fetch(request);
    if (response.ok && worthKeeping) (await caches.open(SEEN)).put(navigates ? "/" : request, response.clone());
    return response;
  } catch {
    return (await caches.match(navigates ? "/" : request, { ignoreVary: true })) ?? Response.error();
  }
}
