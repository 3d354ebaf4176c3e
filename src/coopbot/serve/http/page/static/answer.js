// A turn of the conversation: the question, and the answer, whose citation numbers show and open the quotations.

import { html, nothing } from "./lit-html.js";
import { STYLES } from "./cite.js";
import { hidePeek, peekOn } from "./peek.js";
import { cut, day, fill, inBrackets, share, t } from "./words.js";

const addressOf = (c) => `/article/${c.article_id}?start=${c.start_char}&end=${c.end_char}#quote`;

export function turnView(turn, actions) {
  return html`<article class="turn">
    <h2 class="asked" lang=${turn.answer?.question_language ?? nothing}>${turn.question}</h2>
    ${turn.working && !turn.answer ? html`<p class="working"><span class="dots" aria-hidden="true"></span>${turn.working}</p>` : nothing}
    ${turn.answer ? answerView(turn, actions) : nothing}
    ${turn.stopped ? html`<p class="note">${t.stopped} ${againButton(turn, actions)}</p>` : nothing}
    ${turn.problem ? problemView(turn.problem, actions, againButton(turn, actions)) : nothing}
  </article>`;
}

export function problemView(problem, { problemText, enterKey }, again = nothing) {
  if (problem.status === 401 || problem.status === 403) {
    return html`<form class="key error" @submit=${enterKey}><p>${problemText(problem)}</p>
      <label>${t.key} <input name="key" type="password" required autocomplete="off"></label>
      <button type="submit">${t.key_send}</button></form>`;
  }
  return html`<p class="error">${problemText(problem)} ${again}</p>`;
}

const againButton = (turn, { again }) => html`<button type="button" class="quiet" @click=${() => again(turn)}>${t.again}</button>`;

function answerView(turn, actions) {
  const { answer, question } = turn;
  const searched = answer.searched_as !== question ? html`<p class="note">${t.searched_as}${t.colon}<q>${answer.searched_as}</q></p>` : nothing;
  if (answer.notice) return noticeView(answer, searched, actions);
  if (answer.outcome !== "answered") {
    return html`${searched}<p class="none">${t.no_evidence}</p>
      ${answer.citations.length ? html`<h3>${t.nearest}</h3><ol class="quotes near">${answer.citations.map((c) => sourceView(c, actions, true))}</ol>` : nothing}
      ${toolsView(turn, actions)}`;
  }
  const byNumber = new Map(answer.citations.map((c) => [c.number, c]));
  const numbers = (list) => list.map((n) => citeView(byNumber.get(n), actions));
  return html`${searched}
    <div class="claims">${answer.claims.map((claim) => claimView(claim, byNumber, numbers))}</div>
    ${answer.disagreements.map((found) => differView(found, byNumber, actions))}
    <h3>${t.sources}</h3>
    <ol class="quotes">${answer.citations.map((c) => sourceView(c, actions, !answer.claims.some((claim) => claim.text === c.quote)))}</ol>
    ${toolsView(turn, actions)}`;
}

// A fixed line instead of quotes, and the requested articles.
function noticeView(answer, searched, { openArticle }) {
  const open = (article) => (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openArticle(article);
  };
  const [line] = answer.text.split("\n");
  const lang = answer.question_language ?? nothing;
  if (!answer.articles.length) return html`<p class="notice" lang=${lang}>${line}</p>`;
  return html`${searched}<h3 class="notice" lang=${lang}>${line}</h3>
    <ul class="quotes listed">${answer.articles.map((article) => html`<li>
      <h4><a href="/article/${article.article_id}" lang=${article.language} @click=${open(article)}>${article.title}</a></h4>${metaView(article)}</li>`)}</ul>`;
}

const noteView = (text) => (text ? html` <span class="time">${inBrackets(text).trim()}</span>` : nothing);

function claimView(claim, byNumber, numbers) {
  const quoted = claim.citations.map((n) => byNumber.get(n)).find((c) => c.quote === claim.text);
  const notes = new Set(claim.citations.map((n) => byNumber.get(n).time_note));
  return html`<p lang=${quoted?.language ?? nothing}><bdi>${quoted ? marked(quoted) : claim.text}</bdi>${[...notes].map(noteView)}<span class="cites">${numbers(claim.citations)}</span></p>`;
}

export function marked({ quote, answer }) {
  if (!answer) return quote;
  const [before, words, after] = cut(quote, answer.start_char, answer.end_char);
  return html`${before}<mark>${words}</mark>${after}`;
}

function citeView(citation, { openArticle }) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.pointerType === "touch") return peekOn(event.currentTarget, citation, openArticle);
    hidePeek();
    openArticle(citation);
  };
  const show = (event) => event.pointerType !== "touch" && peekOn(event.currentTarget, citation, openArticle);
  const label = fill(t.open_n, { n: citation.number, title: citation.title });
  return html` <a class="cite" href=${addressOf(citation)} aria-label=${label} @click=${open}
    @pointerenter=${show} @pointerleave=${() => hidePeek(250)} @focus=${(event) => event.currentTarget.matches(":focus-visible") && show(event)} @blur=${() => hidePeek(250)}>${citation.number}</a>`;
}

function differView({ about, citations }, byNumber, actions) {
  const sides = citations.map((n) => byNumber.get(n));
  const figure = (c) => (sides.length > 1 && c.answer ? cut(c.quote, c.answer.start_char, c.answer.end_char)[1] : about);
  return html`<section class="differ"><h3>${t.sources_differ}</h3>
    <div class="sides">${sides.map((c) => html`<figure>
      <p class="figure" lang=${c.language}>${figure(c)}</p>
      <figcaption>${day(c.published)}, <bdi>${c.publisher}</bdi> ${citeView(c, actions)}</figcaption>
    </figure>`)}</div></section>`;
}

function sourceView(citation, { openArticle }, quoted) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openArticle(citation);
  };
  return html`<li value=${citation.number}>
    <h4><a href=${addressOf(citation)} lang=${citation.language} @click=${open}>${citation.title}</a></h4>
    ${quoted ? html`<blockquote lang=${citation.language}>${marked(citation)}${noteView(citation.time_note)}</blockquote>` : nothing}
    ${metaView(citation)}
    ${citation.deep_link ? html`<p class="meta"><a href=${citation.deep_link} target="_blank" rel="noopener noreferrer">${t.original_at}</a></p>` : nothing}
  </li>`;
}

// The sources of a brief, each linked if it has an address.
export function originsView({ sources }) {
  if (!sources.length) return nothing;
  const name = (source) => [source.publisher, source.title].filter(Boolean).join(": ");
  return html`<details class="origins"><summary>${fill(t.sources_of, { n: sources.length })}</summary>
    <ul>${sources.map((source) => html`<li>
      ${source.url ? html`<a href=${source.url} target="_blank" rel="noopener noreferrer">${name(source) || source.url}</a>` : html`<bdi>${name(source)}</bdi>`}
      ${source.published ? html`<span class="meta">${day(source.published)}</span>` : nothing}</li>`)}</ul></details>`;
}

export function metaView(article) {
  const names = (sources) => [...new Set(sources.map((source) => source.publisher).filter(Boolean))].join(t.between_items);
  const [based, also] = [names(article.sources), names(article.also_published_by)];
  return html`<p class="meta"><span>${article.publisher}</span> <span>${day(article.published)}</span> <span>${t[article.language]}</span></p>
    ${based ? html`<p class="meta based">${capital(t.based_on).replace("…", () => based)}</p>` : nothing}
    ${also ? html`<p class="meta">${t.also}${t.colon}${also}</p>` : nothing}`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

// Over plain HTTP, except on localhost, browsers offer only the older interface.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  document.execCommand("copy");
  area.remove();
}

function toolsView(turn, { say }) {
  if (!turn.answer.confidence && turn.answer.confidence !== 0) return nothing; // the answer is not complete yet
  const put = async (text) => {
    await copy(text);
    say(t.copied);
  };
  const today = new Date().toISOString().slice(0, 10);
  const link = () => `${location.origin}/#q=${encodeURIComponent(turn.question)}`;
  const items = [
    [t.copy_plain, () => put(STYLES.plain(turn, today))],
    [t.copy_markdown, () => put(STYLES.markdown(turn, today))],
    [t.copy_gost, () => put(STYLES.gost(turn, today))],
    [t.copy_gbt, () => put(STYLES.gbt(turn, today))],
    [t.copy_link, () => put(link())],
  ];
  const choose = (act) => (event) => {
    const menu = event.currentTarget.closest("details");
    menu.open = false;
    menu.querySelector("summary").focus();
    act();
  };
  return html`<div class="tools">
    ${turn.answer.outcome === "answered" ? html`<span class="note" title=${t.confidence_hint}>${fill(t.confidence, { p: share(turn.answer.confidence) })}</span>` : nothing}
    <details class="copy" @keydown=${(event) => event.key === "Escape" && (event.currentTarget.open = false)}>
      <summary>${t.copy}</summary>
      <ul>${items.map(([name, act]) => html`<li><button type="button" @click=${choose(act)}>${name}</button></li>`)}</ul>
    </details>
    <button type="button" class="quiet" @click=${() => print()}>${t.print}</button>
  </div>`;
}
