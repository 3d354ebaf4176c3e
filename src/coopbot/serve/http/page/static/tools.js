// What can be done with an answer: copied, shared, printed, and judged for those who run the service.

import { html, nothing } from "./lit-html.js";
import { Problem, send } from "./api.js";
import { STYLES } from "./cite.js";
import { linkTo } from "./link.js";
import { toast } from "./toast.js";
import { t } from "./words.js";

const MOST_CHARS = 10_000;

export function toolsView(turn, actions) {
  const put = async (text) => {
    if (await copy(text)) actions.copied(turn);
    else toast(t.copy_failed);
  };
  const today = new Date().toISOString().slice(0, 10);
  const items = [
    [t.copy_plain, () => put(STYLES.plain(turn, today))],
    [t.copy_markdown, () => put(STYLES.markdown(turn, today))],
    [t.copy_gost, () => put(STYLES.gost(turn, today))],
    [t.copy_gbt, () => put(STYLES.gbt(turn, today))],
    [t.copy_link, () => put(linkTo(turn))],
  ];
  const choose = (act) => (event) => {
    const menu = event.currentTarget.closest("details");
    menu.open = false;
    menu.querySelector("summary").focus();
    act();
  };
  return html`<div class="tools">
      <details class="copy" @keydown=${(event) => event.key === "Escape" && (event.currentTarget.open = false)}>
        <summary>${t.copy}</summary>
        <ul>${items.map(([name, act]) => html`<li><button type="button" @click=${choose(act)}>${name}</button></li>`)}</ul>
      </details>
      <button type="button" class="quiet" @click=${() => share(turn, put)}>${t.share}</button>
      ${actions.kept ? nothing : html`<button type="button" class="quiet" @click=${() => print()}>${t.print}</button>`}
      ${turn === actions.copiedTurn ? html`<span class="note" aria-hidden="true">✓ ${t.copied}</span>` : nothing}
      ${actions.kept ? nothing : verdictsView(turn, actions)}
    </div>
    ${turn.judging ? judgingView(turn, actions) : nothing}`;
}

// Over plain HTTP, except on localhost, browsers offer only the older interface. Returns whether it worked.
async function copy(text) {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    return false; // not allowed
  }
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

// By the system's own menu, where there is one; else the link is copied.
async function share(turn, put) {
  const shared = { title: turn.question, url: linkTo(turn) };
  if (!navigator.share) return put(shared.url);
  try {
    await navigator.share(shared);
    toast(t.shared);
  } catch (error) {
    if (error.name !== "AbortError") await put(shared.url); // else the reader thought better of it
  }
}

const THUMB = html`<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false"><path d="M3 10h4v10H3zm6 10V10l4-7c1.6 0 2.3 1.3 2 2.6L14.2 9h5c1.3 0 2.1 1.1 1.8 2.3l-1.7 7c-.2 1-1.1 1.7-2.1 1.7z"/></svg>`;

function verdictsView(turn, actions) {
  const choose = (name) => {
    actions.change(turn, { judging: turn.judging === name ? "" : name, refusal: "" });
    document.querySelector(".judging")?.scrollIntoView({ block: "nearest" });
  };
  const verdict = (name, label, text) => html`<button type="button" class=${`quiet verdict ${name}`} aria-label=${label} title=${label}
    aria-pressed=${turn.verdict === name} @click=${() => choose(name)}>${text}</button>`;
  return html`<span class="verdicts">${verdict("good", t.good, THUMB)}${verdict("bad", t.bad, THUMB)}
    ${verdict("wrong_language", t.wrong_language, t.wrong_language)}</span>`;
}

// The reader sees what is sent before sending it.
function judgingView(turn, actions) {
  const submit = (event) => {
    event.preventDefault();
    judge(turn, actions, event.target.elements.comment.value.trim());
  };
  return html`<form class="judging" @submit=${submit}>
    <p><strong>${t[turn.judging]}</strong></p>
    <label>${t.feedback_line} <textarea name="comment" rows="1"></textarea></label>
    <p class="note">${t.feedback_note}</p>
    <button type="submit" class="main">${t.feedback_send}</button>
    <button type="button" class="quiet" @click=${() => actions.change(turn, { judging: "" })}>${t.feedback_cancel}</button>
    ${turn.refusal ? html`<p class="error" role="alert">${turn.refusal}</p>` : nothing}</form>`;
}

async function judge(turn, actions, comment) {
  const { question, answer, filters = {}, judging } = turn;
  if ([...comment].length > MOST_CHARS) return actions.change(turn, { refusal: t.feedback_long });
  turn.feedbackId ??= Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36).padStart(7, "0")).join("");
  const body = {
    feedback_id: turn.feedbackId,
    verdict: judging,
    comment,
    question,
    searched_as: answer.searched_as ?? "",
    filters,
    language: answer.question_language,
    outcome: answer.outcome,
    articles: [...new Set(answer.citations.map((one) => one.article_id))].slice(0, 20),
    snapshot: answer.snapshot,
  };
  try {
    await send("/v1/feedback", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    actions.change(turn, { verdict: judging, judging: "", refusal: "" });
    toast(t.feedback_sent);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    actions.change(turn, { refusal: error.status === 429 ? t.feedback_many : actions.problemText(error) });
  }
}
