// The state of the page and its event handlers. Views are in the other files.

import { html, nothing, render } from "./lit-html.js";
import { Problem, ask, get, send, useKey } from "./api.js";
import { turnView } from "./answer.js";
import { overviewView, reachText } from "./overview.js";
import { openArticle, setUpReader } from "./reader.js";
import { setUpAdding } from "./adding.js";
import { setUpTheme } from "./theme.js";
import { mark, readLink } from "./link.js";
import { inTab } from "./kept.js";
import { keepTurn, openHistory, setUpHistory } from "./history.js";
import { setUpOffline } from "./offline.js";
import { hideToast, toast } from "./toast.js";
import { MAX_CHARS, carried, day, fill, language, span, t } from "./words.js";

const KEPT = 20; // turns kept over a reload
const VIEWS = ["sources", "history", "add"]; // besides asking
const COUNTED_FROM = 400;
const RETRY_MS = 8000; // while the service is not reached
const at = (id) => document.getElementById(id);
const [form, question, sendButton] = [at("form"), at("question"), at("send")];
const valued = [...form.querySelectorAll("[data-filter]")].map((input) => input.name); // filters that take several values
const none = () => ({ languages: [], ...Object.fromEntries(valued.map((name) => [name, []])), from: "", to: "" });

const state = { turns: [], conversation: null, limits: none(), overview: null, suggestions: [], recent: 10, problem: null, copied: null };
let asking = null; // the AbortController of the question in progress
let looking = null; // that of the search for questions to ask next
let retrying = 0; // the timer of the next try
let publishers = 0; // how many to list: none before filters are looked at, for their names are half of what the page would load
let counting = 0; // increased with each count of articles, to ignore outdated ones

start();

function start() {
  restore();
  if (location.search && !carried) history.replaceState(null, "", location.pathname + location.hash);
  for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
  for (const part of document.querySelectorAll(".unscripted, #form > [name=conversation_id]")) part.remove();
  at("turns").replaceChildren(); // if the page was rendered with the answer to a form
  setUpTheme();
  setUpReader();
  if (at("adding")) setUpAdding(refresh);
  setUpHistory(() => ({ ...actions(), ask: (turn) => submit(turn.question, { alone: true }) }));
  setUpForm();
  addEventListener("hashchange", route);
  addEventListener("online", refresh);
  addEventListener("unreached", () => {
    clearTimeout(retrying);
    retrying = setTimeout(refresh, RETRY_MS);
  });
  route();
  draw();
  refresh();
  setUpOffline();
}

// Show the view in the address: #ask, #sources, #history, #add, or #q=... to ask at once what a link to an answer says.
function route() {
  const hash = location.hash.slice(1);
  const linked = readLink(hash, ["languages", ...valued]);
  if (hash.startsWith("q=")) history.replaceState(null, "", "#ask");
  if (linked) follow(linked);
  const named = location.hash.slice(1);
  const view = VIEWS.includes(named) && at(named) ? named : "ask";
  document.body.dataset.view = view;
  if (view === "history") openHistory();
  for (const link of document.querySelectorAll(".views a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function setUpForm() {
  question.removeAttribute("maxlength"); // which would cut what is pasted without a word
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (asking) return stop();
    submit(question.value.trim());
  });
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!asking) form.requestSubmit();
  });
  question.addEventListener("input", count);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    location.hash = "#ask";
    question.focus();
  });
  at("filters").addEventListener("toggle", () => {
    if (publishers) return;
    publishers = 200;
    refresh();
  });
  form.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name === "languages") limit({ languages: [...form.querySelectorAll("[name=languages]:checked")].map((box) => box.value) });
    if (name === "published_from") limit({ from: value });
    if (name === "published_to") limit({ to: value });
    if (valued.includes(name) && value.trim()) {
      limit({ [name]: [...new Set([...state.limits[name], value.trim()])] });
      event.target.value = "";
    }
  });
  at("new").addEventListener("click", () => {
    stop();
    const before = { turns: state.turns.filter((turn) => turn.answer), conversation: state.conversation };
    const change = (to) => {
      Object.assign(state, to);
      keep();
      draw();
      question.focus();
    };
    change({ turns: [], conversation: null });
    toast(t.new_begun, () => change({ ...before, turns: [...before.turns, ...state.turns] }));
  });
}

// Ask what a link says, with its filters and nothing else, unless that is on the page already.
function follow(linked) {
  const last = state.turns.at(-1);
  if (last?.question === linked.question && last.answer && mark(last.answer) === linked.mark) return;
  const offered = (name) => linked.limits[name].filter((value) => form.querySelector(`[name=${name}] option[value="${CSS.escape(value)}"], [name=${name}][value="${CSS.escape(value)}"]`));
  limit({ ...none(), ...linked.limits, languages: offered("languages"), places: offered("places") });
  submit(linked.question, { alone: true, linked });
}

// alone: not as a follow-up. linked: what the link to the answer says, if it came from one.
async function submit(asked, { alone = false, linked = null } = {}) {
  if (!asked || asking) return;
  location.hash = "#ask";
  looking?.abort();
  hideToast();
  const turn = { question: asked, working: t.working, answer: null, problem: null, filters: filters(), linked };
  turn.after = linked?.after ?? (alone ? [] : quoted(state.turns.findLast((one) => one.answer)));
  const stopper = new AbortController();
  asking = stopper;
  state.turns.push(turn);
  question.value = "";
  at("filters").open = false; // it would hide the answer on a phone
  count();
  draw();
  bring(state.turns.length - 1);
  try {
    const body = { question: asked, filters: turn.filters };
    turn.following = Boolean(state.conversation) && !alone;
    if (turn.following) body.conversation_id = state.conversation;
    if (linked?.after.length) body.quoted_before = linked.after;
    for await (const { name, data } of ask(body, stopper.signal)) {
      if (["waiting", "retrieved", "read"].includes(name)) turn.working = fill(t[name], { n: data.questions ?? data.passages });
      if (name === "claims") turn.answer = data;
      if (name === "done") {
        turn.answer = data;
        state.conversation = data.conversation_id;
      }
      draw();
    }
    say(turn.answer.outcome === "answered" ? t.ready : turn.answer.text);
    keepTurn(turn);
    lookFurther(turn);
  } catch (error) {
    if (error.name === "AbortError") turn.stopped = true;
    else turn.problem = asProblem(error);
    if (turn.problem) say(problemText(turn.problem));
  } finally {
    if (asking === stopper) asking = null;
    turn.working = "";
    keep();
    draw();
    bring(state.turns.length - 1);
  }
}

function stop() {
  asking?.abort();
  looking?.abort();
}

// The articles that an answer quoted; those before it, if it is a follow-up that quoted none.
function quoted(turn) {
  if (!turn) return [];
  const { answer, question: asked, after } = turn;
  const own = answer.claims.length ? [...new Set(answer.citations.map((one) => one.article_id))] : [];
  return (own.length || answer.searched_as === asked ? own : after).slice(0, 10);
}

// Find questions to ask next, and whether filters were the reason of a refusal. Without them the page is complete too.
async function lookFurther(turn) {
  const { answer, filters: limits } = turn;
  const asked = answer.searched_as || turn.question;
  if ((answer.notice && answer.notice !== "about") || [...asked].length > MAX_CHARS) return;
  looking = new AbortController();
  // What earlier answers of the conversation quoted has been shown too.
  const shown = state.turns.toReversed().flatMap((one) => one.answer?.citations ?? []);
  const quotes = [...new Set(shown.map((one) => one.quote))].slice(0, 20).map((one) => one.slice(0, 4000));
  const body = { question: asked, filters: limits, refused: answer.outcome === "no_evidence", quotes };
  try {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: looking.signal };
    const found = await (await send("/v1/suggestions", options)).json();
    Object.assign(turn, { next: found.questions, without: found.answered_without_filters });
    keep();
    draw();
  } catch (error) {
    if (!(error instanceof Problem) && error.name !== "AbortError") throw error;
  }
}

function asProblem(error) {
  if (!(error instanceof Problem)) throw error;
  return { status: error.status, retryAfter: error.retryAfter };
}

function problemText({ status, retryAfter }) {
  if (status === 0) return t.offline;
  if (status === 401) return t.key_needed;
  if (status === 403) return t.key_wrong;
  if (status === 422) return t.question_too_long;
  if (status === 429) return fill(t.busy_s, { n: span(retryAfter || 60) });
  if (status === 503) return retryAfter ? t.busy.replace("…", retryAfter) : t.unavailable;
  return t.went_wrong;
}

// The filters of questions, lists and counts, as the service expects them.
function filters() {
  const { from, to, ...lists } = state.limits;
  return {
    ...Object.fromEntries(Object.entries(lists).filter(([, values]) => values.length)),
    ...(from && { published_from: from }),
    ...(to && { published_to: to }),
  };
}

function limit(changes) {
  Object.assign(state.limits, changes);
  state.recent = 10;
  for (const box of form.querySelectorAll("[name=languages]")) box.checked = state.limits.languages.includes(box.value);
  form.elements.published_from.value = state.limits.from;
  form.elements.published_to.value = state.limits.to;
  keep();
  draw();
  refresh();
}

// Count the articles; repeatedly while the service is still processing a large index.
async function refresh() {
  const number = ++counting;
  try {
    const found = await get("/v1/overview", { ...filters(), recent: state.recent, sources: false, most_publishers: publishers, language });
    if (number !== counting) return;
    const changed = state.overview?.snapshot !== found.snapshot;
    state.overview = found;
    state.problem = null;
    draw();
    if (found.counted < found.total) setTimeout(() => number === counting && refresh(), 700);
    if (changed) state.suggestions = (await get("/v1/suggestions", { language })).questions;
  } catch (error) {
    state.problem = asProblem(error);
  }
  draw();
}

function enterKey(event) {
  event.preventDefault();
  useKey(new FormData(event.target).get("key"));
  const asked = state.turns.at(-1)?.problem ? state.turns.pop().question : "";
  refresh();
  if (asked) submit(asked);
  else draw();
}

function draw() {
  const begun = state.turns.length > 0;
  document.body.classList.toggle("begun", begun);
  question.placeholder = begun ? followUp() : t.placeholder;
  sendButton.textContent = asking ? t.stop : t.ask;
  question.required = !asking; // else the browser would refuse to submit the empty form, which stops a question
  at("new").hidden = !begun;
  const shared = actions();
  render(state.turns.map((turn) => turnView(turn, shared)), at("turns"));
  render(chips(), at("chips"));
  render(begun ? nothing : examples(), at("suggestions"));
  render((state.overview?.publishers ?? []).map(({ names }) => html`<option value=${names[language]}></option>`), at("publishers"));
  render(begun ? nothing : reachText(state.overview), at("reaches"));
  render(overviewView(state, { limit, openArticle, more, refresh, enterKey, problemText }), at("overview"));
}

// What the views of turns call.
function actions() {
  return { openArticle, again, unlimited, enterKey, problemText, copied, change, submit, suggestions: state.suggestions, copiedTurn: state.copied, last: state.turns.at(-1) };
}

function change(turn, to) {
  Object.assign(turn, to);
  keep();
  draw();
}

// An example of a follow-up to the last question: the year before those that it names.
function followUp() {
  const { answer, question: asked } = state.turns.at(-1);
  const years = (answer?.searched_as ?? asked).match(/(?<!\d)(?:19|20)\d\d(?!\d)/g);
  return years ? fill(t.placeholder_year, { year: Math.min(...years) - 1 }) : t.placeholder_follow;
}

function again(turn) {
  state.turns = state.turns.filter((other) => other !== turn);
  submit(turn.question, { linked: turn.linked, alone: Boolean(turn.linked) });
}

// Ask again from all articles.
function unlimited(turn) {
  limit(none());
  submit(turn.question);
}

// How long the question is, shown when it nears the limit.
function count() {
  const chars = [...question.value.trim()].length;
  at("chars").textContent = chars > COUNTED_FROM ? `${chars} / ${MAX_CHARS}` : "";
  at("chars").classList.toggle("over", chars > MAX_CHARS);
  question.setCustomValidity(chars > MAX_CHARS ? t.question_too_long : "");
}

function copied(turn) {
  say(t.copied);
  state.copied = turn;
  draw();
  setTimeout(() => {
    if (state.copied === turn) state.copied = null;
    draw();
  }, 3000);
}

function more() {
  state.recent = 50;
  refresh();
}

function examples() {
  if (!state.suggestions.length) return nothing;
  return html`<h2>${t.examples}</h2>
    <ul class="examples">${state.suggestions.map((text) => html`<li><button type="button" @click=${() => submit(text)}>${text}</button></li>`)}</ul>`;
}

function chips() {
  const { languages, from, to } = state.limits;
  const without = (name, value) => () => limit({ [name]: state.limits[name].filter((other) => other !== value) });
  const all = [
    ...languages.map((code) => [t[code], without("languages", code)]),
    ...valued.flatMap((name) => state.limits[name].map((value) => [nameOf(name, value), without(name, value)])),
    ...(from ? [[`${t.from} ${day(from)}`, () => limit({ from: "" })]] : []),
    ...(to ? [[`${t.to} ${day(to)}`, () => limit({ to: "" })]] : []),
  ];
  if (!all.length) return nothing;
  return html`<div class="chips"><span>${t.limited}</span>
    ${all.map(([text, remove]) => html`<button type="button" aria-label=${fill(t.remove, { what: text })} @click=${remove}>${text} <span aria-hidden="true">×</span></button>`)}
    ${all.length > 1 ? html`<button type="button" class="quiet" @click=${() => limit(none())}>${t.clear}</button>` : nothing}</div>`;
}

// As the form shows it, if it offers a choice.
const nameOf = (name, value) => [...(form.elements[name].options ?? [])].find((option) => option.value === value)?.text ?? value;

function say(text) {
  at("status").textContent = text;
}

// Scroll a turn to the top of the window, below the header.
function bring(place) {
  const turn = at("turns").querySelectorAll(".turn")[place];
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  turn?.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}

function keep() {
  const { turns, conversation, limits } = state;
  const answered = turns.filter((turn) => turn.answer && !turn.working).slice(-KEPT);
  inTab.write("conversation", JSON.stringify({ turns: answered, conversation, limits }));
}

function restore() {
  const kept = JSON.parse(inTab.read("conversation")) ?? {};
  // Of an earlier release, an answer may have no blocks.
  Object.assign(state, kept, { turns: (kept.turns ?? []).filter((turn) => turn.answer.blocks) });
  state.limits = { ...none(), ...state.limits };
}
