// The answers kept in this browser: listed, searched, read again, deleted with undo, exported.

import { html, nothing, render } from "./lit-html.js";
import { answerView } from "./answer.js";
import { STYLES } from "./cite.js";
import * as kept from "./kept.js";
import { linkTo } from "./link.js";
import { toast } from "./toast.js";
import { day, fill, number, t } from "./words.js";

const SHOWN = 50;
const FIRST_CHARS = 300;
const place = document.getElementById("kept");
const view = { entries: [], query: "", shown: SHOWN, turns: new Map(), problem: "", off: false };
let actions = {};

// others: what a turn's view calls.
export function setUpHistory(others) {
  actions = others;
  try {
    view.off = localStorage.getItem("history") === "off";
  } catch {
    Object.assign(view, { off: true, problem: t.history_forbidden });
  }
}

// Called when the view is opened.
export async function openHistory() {
  await attempt(async () => {
    view.entries = (await kept.list()).reverse();
  });
  drawHistory();
}

// Keep the answer of a turn, unless the reader does not want that.
export async function keepTurn({ question, answer, filters, after }) {
  if (view.off || answer.notice) return;
  const at = Date.now();
  const id = `${String(at).padStart(15, "0")}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  const series = answer.blocks.find((block) => block.rows)?.rows.map(({ time, words }) => `${time}${t.colon}${words.text}`).join(" · ");
  const first = answer.blocks.find((block) => block.words)?.words.text ?? series ?? answer.text;
  const entry = { id, at, question, first: [...first].slice(0, FIRST_CHARS).join("") };
  // Without the sentences around the quotes, which take most of the room.
  const slim = { ...answer, citations: answer.citations.map((one) => ({ ...one, passage: "" })) };
  const turn = JSON.parse(JSON.stringify({ question, answer: slim, filters, after }));
  await attempt(async () => {
    await kept.put([{ entry, turn }]);
    view.problem = "";
    view.entries.unshift(entry);
  });
}

function choose(event) {
  view.off = !event.target.checked;
  try {
    localStorage.setItem("history", view.off ? "off" : "on");
  } catch {
    view.problem = t.history_forbidden;
  }
  drawHistory();
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof kept.NotKept)) throw error;
    view.problem = t[`history_${error.reason}`];
    if (document.body.dataset.view === "history") drawHistory();
  }
}

function found() {
  const words = view.query.toLowerCase().split(/\s+/).filter(Boolean);
  return view.entries.filter(({ question, first }) => words.every((word) => `${question}\n${first}`.toLowerCase().includes(word)));
}

async function remove(gone) {
  await attempt(async () => {
    const records = [];
    for (const entry of gone) records.push({ entry, turn: await kept.turnOf(entry.id) });
    await kept.remove(gone.map((entry) => entry.id));
    const ids = new Set(gone.map((entry) => entry.id));
    view.entries = view.entries.filter((entry) => !ids.has(entry.id));
    toast(fill(t.history_deleted, { n: number(gone.length) }), () => attempt(async () => {
      await kept.put(records);
      view.entries = [...view.entries, ...gone].sort((one, other) => (one.id < other.id ? 1 : -1));
      drawHistory();
    }));
  });
  drawHistory();
}

async function exportAll() {
  await attempt(async () => {
    const parts = [`# ${t.history_heading}\n`];
    for (const entry of found()) {
      const turn = await kept.turnOf(entry.id);
      parts.push(`\n## ${when(entry)}\n\n${STYLES.markdown(turn, isoDay(entry.at))}\n<${linkTo(turn)}>\n`);
    }
    const address = URL.createObjectURL(new Blob(parts, { type: "text/markdown;charset=utf-8" }));
    const link = Object.assign(document.createElement("a"), { href: address, download: `coopbot-${isoDay(Date.now())}.md` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    toast(t.history_exported);
  });
}

async function open(entry, event) {
  if (!event.target.open || view.turns.has(entry.id)) return;
  await attempt(async () => {
    view.turns.set(entry.id, await kept.turnOf(entry.id));
  });
  drawHistory();
}

const isoDay = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
const when = ({ at }) => day(isoDay(at));

export function drawHistory() {
  const all = found();
  const search = (event) => {
    Object.assign(view, { query: event.target.value, shown: SHOWN });
    drawHistory();
  };
  const more = () => {
    view.shown += SHOWN;
    drawHistory();
  };
  render(
    html`<p class="note">${t.history_lead}</p>
      <p><label><input type="checkbox" .checked=${!view.off} @change=${choose}> ${t.history_keep}</label></p>
      ${view.problem ? html`<p class="error" role="alert">${view.problem}</p>` : nothing}
      ${view.entries.length ? html`<div class="finding">
        <label>${t.history_search} <input type="search" autocomplete="off" .value=${view.query} @input=${search}></label>
        <button type="button" class="quiet" ?disabled=${!all.length} @click=${exportAll}>${t.history_export}</button>
        <button type="button" class="quiet" ?disabled=${!all.length} @click=${() => remove(all)}>${view.query ? t.history_delete_found : t.history_delete_all}</button></div>` : nothing}
      <p class="count" role="status">${view.entries.length ? fill(t.history_count, { n: number(all.length), total: number(view.entries.length) }) : t.history_empty}</p>
      <ul class="kept">${all.slice(0, view.shown).map((entry) => entryView(entry))}</ul>
      ${all.length > view.shown ? html`<button type="button" class="quiet" @click=${more}>${t.more}</button>` : nothing}`,
    place,
  );
}

function entryView(entry) {
  const turn = view.turns.get(entry.id);
  return html`<li><details @toggle=${(event) => open(entry, event)}>
      <summary><h2 dir="auto">${entry.question}</h2> <span class="meta">${when(entry)}</span> <span class="first" dir="auto">${entry.first}</span></summary>
      ${turn ? html`${answerView(turn, { ...actions(), kept: true })}
        <p><button type="button" class="quiet" @click=${() => actions().ask(turn)}>${t.again}</button></p>` : nothing}</details>
    <button type="button" class="quiet gone" aria-label=${`${t.history_delete}${t.colon}${entry.question}`} @click=${() => remove([entry])}>×</button></li>`;
}
