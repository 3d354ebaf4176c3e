// The permanent link to an answer: the question as it was searched, its filters, and which answer of which snapshot it was.

import { MAX_CHARS, t } from "./words.js";

const DATES = { published_from: "from", published_to: "to" };

// The answer's link. All of it is behind the #, which browsers do not send to any server.
export function linkTo({ question, answer, filters = {}, after = [], linked }) {
  const searched = answer.searched_as ?? "";
  const complete = searched && [...searched].length <= MAX_CHARS ? searched : question;
  const link = new URLSearchParams({ q: complete });
  for (const [name, value] of Object.entries(filters)) for (const one of [value].flat()) link.append(DATES[name] ?? name, one);
  if (complete !== question || linked) for (const id of after) link.append("after", id);
  link.set("in", answer.snapshot);
  link.set("is", mark(answer));
  return `${location.origin}/#${link}`;
}

// What a link asks: {question, limits, after, snapshot, mark}; null if the address is no link. lists: filters of several values.
export function readLink(hash, lists) {
  if (!hash.startsWith("q=")) return null;
  const link = new URLSearchParams(hash);
  const question = link.get("q").trim();
  const day = (name) => (/^\d{4}-\d\d-\d\d$/.test(link.get(name)) ? link.get(name) : "");
  const limits = { from: day("from"), to: day("to") };
  for (const name of lists) limits[name] = link.getAll(name);
  return question ? { question, limits, after: link.getAll("after"), snapshot: link.get("in"), mark: link.get("is") } : null;
}

// Whether the articles, or the answer too, have changed since the link to it was made; "" if they have not.
export function changed({ linked, answer }) {
  if (!linked?.snapshot || linked.snapshot === answer.snapshot) return "";
  return linked.mark === mark(answer) ? t.link_same : t.link_other;
}

// A short mark of what an answer says (FNV-1a).
export function mark({ outcome, claims, articles }) {
  let hash = 0x811c9dc5;
  for (const c of [outcome, ...claims.map((one) => one.text), ...articles.map((one) => one.article_id)].join("\n")) {
    hash = Math.imul(hash ^ c.codePointAt(0), 0x01000193) >>> 0;
  }
  return hash.toString(36);
}
