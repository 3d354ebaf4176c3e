// What the sources cover: a map and a timeline that set filters, and the newest articles.

import { html, nothing } from "./lit-html.js";
import { pageOf, problemView } from "./answer.js";
import { mapOf } from "./map.js";
import { day, fill, language, month, number, t, when } from "./words.js";

const PLACES = 24;

export function overviewView(state, actions) {
  const { overview, problem, limits } = state;
  const retry = html`<button type="button" class="quiet" @click=${actions.refresh}>${t.retry}</button>`;
  if (!overview) return problem ? problemView(problem, actions, retry) : html`<p class="note">${t.working}</p>`;
  return html`<p class="count">${countText(overview)}</p>
    <p class="note reach">${reachText(overview)}</p>
    <div class="halves">
      <section aria-labelledby="map-heading">
        <h2 id="map-heading">${t.map}</h2>
        <p class="note">${t.map_hint}</p>
        ${placesView(overview.places, limits, actions)}
      </section>
      <div>
        <section aria-labelledby="years-heading">
          <h2 id="years-heading">${t.timeline}</h2>
          <p class="note">${t.timeline_hint}</p>
          ${timelineView(overview.months, limits, actions)}
        </section>
        <section aria-labelledby="recent-heading">
          <h2 id="recent-heading">${t.recent}</h2>
          ${recentView(overview, actions)}
        </section>
      </div>
    </div>`;
}

export const reachText = (overview) => (overview?.newest ? fill(t.reaches, { when: when(overview.newest) }) : "");

function countText({ counted, total, matching }) {
  if (counted < total) return fill(t.counting, { n: number(counted), total: number(total) });
  return fill(matching < total ? t.count_of : t.count, { n: number(matching), total: number(total) });
}

function placesView(places, limits, { limit }) {
  const toggle = (id) => limit({ places: limits.places.includes(id) ? limits.places.filter((other) => other !== id) : [...limits.places, id] });
  const listed = places.filter((place, rank) => rank < PLACES || limits.places.includes(place.place_id));
  return html`${mapOf(places, limits.places, toggle)}
    <ul class="places">
      <li><button type="button" aria-pressed=${limits.places.length === 0} @click=${() => limit({ places: [] })}>${t.place_hint}</button></li>
      ${listed.map((place) => html`<li><button type="button" aria-pressed=${limits.places.includes(place.place_id)} @click=${() => toggle(place.place_id)}>
        ${place.names[language]} <span>${number(place.articles)}</span></button></li>`)}
    </ul>`;
}

function timelineView(months, { from, to }, { limit }) {
  const year = from && to && from.slice(0, 4) === to.slice(0, 4) ? from.slice(0, 4) : "";
  const bars = year ? monthsOf(months, year) : years(months);
  if (!bars.length) return html`<p class="note">${t.none_match}</p>`;
  const most = Math.max(1, ...bars.map((bar) => bar.n));
  const chosen = (bar) => from === bar.from && to === bar.to;
  const choose = (bar) => () => limit(chosen(bar) && year ? wholeYear(year) : { from: bar.from, to: bar.to });
  return html`${year ? html`<p class="back"><button type="button" class="quiet" @click=${() => limit({ from: "", to: "" })}>← ${t.all_years}</button> ${fill(t.months_of, { year })}</p>` : nothing}
    <ol class="bars">${bars.map((bar) => html`<li><button type="button" aria-pressed=${chosen(bar)} ?disabled=${!bar.n}
      aria-label=${fill(t.bar, { when: bar.long, n: number(bar.n) })} title=${fill(t.bar, { when: bar.long, n: number(bar.n) })} @click=${choose(bar)}>
      <svg viewBox="0 0 10 100" preserveAspectRatio="none" aria-hidden="true"><rect width="10" y=${100 - (100 * bar.n) / most} height=${(100 * bar.n) / most} /></svg>
      <span aria-hidden="true">${bar.short}</span></button></li>`)}</ol>`;
}

const wholeYear = (year) => ({ from: `${year}-01-01`, to: `${year}-12-31` });

function years(months) {
  const sums = new Map();
  for (const [at, n] of Object.entries(months)) sums.set(at.slice(0, 4), (sums.get(at.slice(0, 4)) ?? 0) + n);
  if (!sums.size) return [];
  const [first, last] = [Math.min(...sums.keys()), Math.max(...sums.keys())];
  const all = Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  return all.slice(-20).map((year) => ({ ...wholeYear(year), n: sums.get(year) ?? 0, long: language === "zh" ? `${year}年` : year, short: language === "en" ? `’${year.slice(2)}` : year.slice(2) }));
}

function monthsOf(months, year) {
  return Array.from({ length: 12 }, (_, i) => {
    const at = `${year}-${String(i + 1).padStart(2, "0")}`;
    const last = new Date(Date.UTC(Number(year), i + 1, 0)).getUTCDate();
    const name = month(`${at}-01`);
    return { from: `${at}-01`, to: `${at}-${last}`, n: months[at] ?? 0, long: language === "zh" ? `${year}年${name}` : `${name} ${year}`, short: language === "zh" ? String(i + 1) : [...name][0] };
  });
}

function recentView({ recent, matching }, { openArticle, more }) {
  if (!recent.length) return html`<p class="note">${t.none_match}</p>`;
  const open = (article) => (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openArticle(article);
  };
  return html`<ul class="recent">${recent.map((article) => html`<li>
      <a dir="auto" href=${pageOf(article)} lang=${article.language} @click=${open(article)}>${article.title}</a>
      <p class="meta"><span>${article.publisher_names[language]}</span> <span>${day(article.published)}</span> <span>${t[article.language]}</span></p></li>`)}</ul>
    ${matching > recent.length && recent.length < 50 ? html`<button type="button" class="quiet" @click=${more}>${t.more}</button>` : nothing}`;
}
