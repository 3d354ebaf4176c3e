// A turn of the conversation: the question, and the answer, whose citation numbers show and open the quotations.

import { html, nothing } from "./lit-html.js";
import { changed } from "./link.js";
import { hidePeek, peekOn } from "./peek.js";
import { toolsView } from "./tools.js";
import { carried, cut, day, fill, language, t, unbroken, when } from "./words.js";

// The page of a citation's article at the quote, or of an article.
export const pageOf = (target) => (target.quote ? addressOf(target) : `/article/${target.article_id}${carried && `?${carried}`}`);
const addressOf = (c) => `/article/${c.article_id}?start=${c.start_char}&end=${c.end_char}${carried && `&${carried}`}#quote`;

export function turnView(turn, actions) {
  return html`<article class="turn">
    <h2 class="asked" dir="auto" lang=${turn.answer?.question_language ?? nothing}>${turn.question}</h2>
    ${turn.working && !turn.answer ? html`<p class="working"><span class="dots" aria-hidden="true"></span>${turn.working}</p>` : nothing}
    ${turn.answer ? answerView(turn, actions) : nothing}
    ${turn.stopped ? html`<p class="note">${t.stopped} ${againButton(turn, actions)}</p>` : nothing}
    ${turn.problem ? problemView(turn.problem, actions, againButton(turn, actions)) : nothing}
    ${turn === actions.last && !turn.working && asksNext(turn, actions).length ? nextView(turn, actions) : nothing}
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

// Questions to ask next; after small talk, those to begin with, for whoever wrote in the page's language.
const asksNext = ({ answer, next }, { suggestions }) => next ?? (answer?.outcome === "small_talk" && answer.question_language === language ? suggestions : []);

// Each was tried by itself, so it is asked by itself, not as a follow-up.
function nextView(turn, { submit, suggestions }) {
  const { answer } = turn;
  const heading = { no_evidence: t.next_refused, small_talk: t.examples }[answer.outcome] ?? t.next;
  return html`<section class="next"><h3>${heading}</h3>
    <ul class="examples">${asksNext(turn, { suggestions }).map((text) => html`<li><button type="button" lang=${answer.question_language} @click=${() => submit(text, { alone: true })}>${text}</button></li>`)}</ul></section>`;
}

const againButton = (turn, { again }) => html`<button type="button" class="quiet" @click=${() => again(turn)}>${t.again}</button>`;

// The blocks of the answer, as the service made them.
export function answerView(turn, actions) {
  const { answer, question } = turn;
  const [byNumber, lang] = [new Map(answer.citations.map((c) => [c.number, c])), answer.question_language];
  const cites = (numbers) => numbers.map((n) => citeView(byNumber.get(n), actions));
  const note = (text) => (text ? html`<span class="time" lang=${lang}>${text}</span>` : nothing);
  const again = (restated) => (restated ? html` <span class="meta">(${restated})</span>` : nothing);
  const aged = ({ age }) => (age ? html`<p class="age" lang=${lang}>${age}</p>` : nothing);
  const links = (said) => said.map(({ text, number, source }, i) => html`${i ? " · " : nothing}${outLink(byNumber.get(number).sources[source].url, text)}`);
  const saidBy = ({ said, read_in }) => (said.length ? html`<p class="said" lang=${lang}>${links(said)}${read_in ? html` · ${read_in}` : nothing}</p>` : nothing);
  const smaller = (one, numbered = false) => html`${aged(one)}<blockquote dir="auto" lang=${one.words.language}>${marked(one.words)}${note(one.note)}${numbered ? cites([one.number]) : nothing}</blockquote>${saidBy(one)}`;
  const listed = new Map(answer.articles.map((article) => [article.article_id, article]));
  const titled = (one) => linkTo(byNumber.get(one.numbers[0]) ?? listed.get(one.article_id), actions);
  const source = (one) => {
    const { deep_link } = byNumber.get(one.numbers[0]);
    return html`<p class="source"><span class="cites">${cites(one.numbers)}</span> ${titled(one)} <span class="meta">${one.line}</span>
      ${deep_link ? html`· <a class="meta" href=${deep_link} target="_blank" rel="noopener noreferrer">${t.original_at}</a>` : nothing}</p>`;
  };
  const views = {
    lead: ({ text }) => (answer.articles.length && !answer.claims.length ? html`<h3 class="notice">${text}</h3>` : html`<p class=${answer.notice ? "notice" : answer.outcome}>${text}</p>
      ${isLimited(turn) && answer.outcome === "no_evidence" && !actions.kept ? unlimitedView(turn, actions) : nothing}`),
    quote: ({ words, note: noted, numbers, origin, folded, label, age, said, read_in }) => html`<div class="claim">
      ${label ? html`<p class="label"><bdi>${label}</bdi></p>` : nothing}${aged({ age })}
      <p lang=${words.language}><bdi>${marked(words)}</bdi>${note(noted)}<span class="cites">${cites(numbers)}</span></p>
      ${saidBy({ said, read_in })}
      ${origin ? html`<p class="origin">${marked(origin)}</p>` : nothing}
      ${words.language === lang ? nothing : html`<p class="meta"><a lang=${language} href=${addressOf(byNumber.get(numbers[0]))} target="_blank">${t.as_page}</a></p>`}
      ${folded.map((one) => html`<details class="folded"><summary>${one.label}</summary>${smaller(one)}${cites([one.number])}</details>`)}</div>`,
    series: ({ heading, rows }) => html`<table class="series"><caption>${heading}</caption>
      <tbody>${rows.map(({ time, words, restated, share, number, line }) => html`<tr><th scope="row">${time}</th>
        <td><span lang=${words.language}>${words.text}</span>${again(restated)}<span class="cites">${cites([number])}</span></td>
        <td class="bar" aria-hidden="true" title=${line}>${share === null ? nothing : barView(share)}</td></tr>`)}</tbody></table>`,
    note: ({ text }) => html`<p class="remark">${text}</p>`,
    disagreement: ({ heading, sides }) => html`<section class="differ"><h3>${heading}</h3>
      <div class="sides">${sides.map(({ words, restated, number, line, said }) => html`<figure>
        <p class="figure"><span lang=${words.language}>${words.text}</span>${again(restated)}</p><figcaption><bdi>${said.length ? links(said) : line}</bdi>${cites([number])}</figcaption></figure>`)}</div></section>`,
    nearest: ({ heading, passages }) => html`<h3>${heading}</h3>
      <ul class="nearest">${passages.map((one) => html`<li>${one.quotes.map((quote) => smaller(quote))}${source(one)}</li>`)}</ul>`,
    sources: ({ heading, articles }) => html`<h3>${heading}</h3>
      <ul class="sources">${articles.map((one) => html`<li>${one.quotes.map((quote) => smaller(quote, one.quotes.length > 1))}${source(one)}</li>`)}</ul>`,
    articles: ({ articles, heading }) => html`${heading ? html`<h3>${heading}</h3>` : nothing}<ul class="listed">${articles.map((one) => html`<li>${titled(one)} <span class="meta">${one.line}</span></li>`)}</ul>`,
  };
  const blocks = JSON.parse(JSON.stringify(answer.blocks), (_, value) => (typeof value === "string" ? unbroken(value) : value));
  // An answer about a larger place says so in words of its own, but not what it took from questions before.
  const searched = (turn.following || !answer.about) && (answer.searched_as ?? question) !== question;
  const since = changed(turn);
  return html`${since ? html`<p class="note since">${since}</p>` : nothing}<div lang=${lang}>
      ${searched ? html`<p class="note" lang=${language}>${t.searched_as}${t.colon}<q lang=${lang}>${answer.searched_as}</q>
        ${turn.following && !actions.kept ? html`<button type="button" class="quiet" @click=${() => actions.submit(question, { alone: true })}>${t.alone}</button>` : nothing}</p>` : nothing}
      ${blocks.map((block) => views[block.kind](block))}</div>
    ${turn.working || answer.notice ? nothing : toolsView(turn, actions)}`;
}

const isLimited = ({ filters }) => Object.keys(filters ?? {}).length > 0;

// `without`: the service found that other articles answer.
function unlimitedView(turn, { unlimited }) {
  return html`<p class=${turn.without ? "filtered" : "note"} lang=${language}>${turn.without ? t.filtered_answered : t.filtered}
    <button type="button" class=${turn.without ? "main" : "quiet"} @click=${() => unlimited(turn)}>${t.unfiltered}</button></p>`;
}

// A bar of the chart: no style attribute, which the page's policy forbids.
const barView = (share) => html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" focusable="false"><rect width=${Math.max(0.5, 100 * share)} height="10"></rect></svg>`;

export function marked({ text, answer, under }) {
  const heading = under ? html`<span class="time">${under}</span>` : nothing;
  if (!answer) return html`${heading}${text}`;
  const [before, words, after] = cut(text, answer.start_char, answer.end_char);
  return html`${heading}${before}<mark>${words}</mark>${after}`;
}

// Text that leads to another site, if it has an address.
const outLink = (url, text) => (url ? html`<a href=${url} target="_blank" rel="noopener noreferrer">${text}</a>` : html`<bdi>${text}</bdi>`);

// The title of a citation's article, or of an article, which opens it here.
function linkTo(target, { openArticle }) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openArticle(target);
  };
  return html`<a class="title" dir="auto" href=${pageOf(target)} lang=${target.language} @click=${open}>${target.title || target.article_id}</a>`;
}

function citeView(citation, { openArticle }) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.pointerType === "touch") return peekOn(event.currentTarget, citation, openArticle, true);
    hidePeek();
    openArticle(citation);
  };
  const show = (event) => event.pointerType !== "touch" && peekOn(event.currentTarget, citation, openArticle);
  const label = fill(t.open_n, { n: citation.number, title: citation.title });
  return html` <a class="cite" href=${addressOf(citation)} aria-label=${label} @click=${open}
    @pointerenter=${show} @pointerleave=${() => hidePeek(250)} @focus=${(event) => event.currentTarget.matches(":focus-visible") && show(event)} @blur=${() => hidePeek(250)}>${citation.number}</a>`;
}

// The sources of a brief, each linked if it has an address.
export function originsView({ sources }) {
  if (!sources.length) return nothing;
  const name = (source) => [source.name[language], source.title].filter(Boolean).join(": ");
  return html`<details class="origins"><summary>${fill(t.sources_of, { n: sources.length })}</summary>
    <ul>${sources.map((source) => html`<li>
      ${outLink(source.url, name(source) || source.url)}
      ${source.published ? html`<span class="meta">${when(source.published)}</span>` : nothing}</li>`)}</ul></details>`;
}

export function metaView(article) {
  const names = (sources) => [...new Set(sources.map((source) => source.name[language]).filter(Boolean))].join(t.between_items);
  const [based, also] = [names(article.sources), names(article.also_published_by)];
  return html`<p class="meta"><span>${article.publisher_names[language]}</span> <span>${day(article.published)}</span> <span>${t[article.language]}</span></p>
    ${based ? html`<p class="meta based">${capital(t.based_on).replace("…", () => based)}</p>` : nothing}
    ${also ? html`<p class="meta">${t.also}${t.colon}${also}</p>` : nothing}`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
