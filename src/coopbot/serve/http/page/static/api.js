// Calls of the service, over its public interface.

import { inTab } from "./kept.js";

let key = inTab.read("key") ?? "";

export class Problem extends Error {
  constructor(status, detail = "", retryAfter = 0) {
    super(detail);
    this.status = status; // 0: the service was not reached
    this.retryAfter = retryAfter;
  }
}

export function useKey(text) {
  key = text.trim();
  inTab.write("key", key);
}

export const hasKey = () => key !== "";

export async function get(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== "" && one !== null) query.append(name, one);
  }
  return (await send(`${path}?${query}`)).json();
}

export async function send(path, options = {}) {
  const headers = { ...(key && { Authorization: `Bearer ${key}` }), ...options.headers };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreached();
  }
  dispatchEvent(new Event("reached"));
  if (!response.ok) throw await problemOf(response);
  return response;
}

// Whoever listens to the window learns it too.
function unreached() {
  dispatchEvent(new Event("unreached"));
  return new Problem(0);
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body.detail, Number(response.headers.get("Retry-After")) || 0);
}

// The events of a question, as {name, data}. Ends with `done`, or throws a Problem.
export async function* ask(body, signal) {
  const response = await send("/v1/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(body),
    signal,
  });
  let done = false;
  for await (const { name, data } of events(response.body)) {
    if (name === "error") throw new Problem(data.status, data.detail);
    done ||= name === "done";
    yield { name, data };
  }
  if (!done) throw new Problem(0);
}

async function* events(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      if (error.name === "AbortError") throw error;
      throw unreached();
    });
    if (done) return;
    buffer += decoder.decode(value, { stream: true });
    const whole = buffer.split("\n\n");
    buffer = whole.pop();
    for (const event of whole) {
      const lines = event.split("\n");
      const field = (wanted) => lines.find((line) => line.startsWith(`${wanted}: `))?.slice(wanted.length + 2);
      yield { name: field("event"), data: JSON.parse(field("data")) };
    }
  }
}
