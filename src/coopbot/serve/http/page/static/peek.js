// The quotation of a citation number, shown beside it on hover, focus or touch.

import { html, nothing, render } from "./lit-html.js";
import { metaView, marked } from "./answer.js";
import { language, t, when } from "./words.js";

const GAP = 8;
const AROUND = 180; // UTF-16 units of the passage on each side, less the word that is cut there
// Half a character, and what is left of a word: not of Chinese, which has no spaces.
const PART_BEFORE = /^[\udc00-\udfff]?(?:\S{0,30}\s)?/;
const PART_AFTER = /(?:\s\S{0,30})?[\ud800-\udbff]?$/;
const box = document.getElementById("peek");
const phone = matchMedia("(max-width: 40rem)");
let leaving = 0;
let anchor = null;

box.addEventListener("pointerenter", () => clearTimeout(leaving));
box.addEventListener("pointerleave", () => hidePeek(250));
document.addEventListener("pointerdown", (event) => {
  if (!box.contains(event.target) && event.target !== anchor) hidePeek();
});
addEventListener("keydown", (event) => event.key === "Escape" && hidePeek());
addEventListener("scroll", () => hidePeek(), { passive: true });

// touched: shown until the reader touches something else, even over the number.
export function peekOn(element, citation, openArticle, touched = false) {
  clearTimeout(leaving);
  anchor = element;
  const open = () => {
    hidePeek();
    openArticle(citation);
  };
  render(
    html`<p class="peek-title" dir="auto" lang=${citation.language}>${citation.title}</p>
      <blockquote dir="auto" lang=${citation.language}>${inPassage(citation)}</blockquote>
      ${citation.attributions.length ? html`<p class="meta">${citation.sources.map((source) => [source.name[language], when(source.published)].join(t.comma)).join(" · ")}</p>` : nothing}
      ${metaView({ ...citation, sources: [] })}
      <p class="peek-links"><button type="button" @click=${open}>${t.open}</button>
      ${citation.deep_link ? html`<a href=${citation.deep_link} target="_blank" rel="noopener noreferrer">${t.original_at}</a>` : nothing}</p>`,
    box,
  );
  if (!box.matches(":popover-open")) box.showPopover();
  place(element.getBoundingClientRect());
  if (!touched && covers(element.getBoundingClientRect())) hidePeek();
}

// The quotation within the sentences around it.
function inPassage(citation) {
  const start = citation.passage.indexOf(citation.quote);
  if (start < 0) return marked({ text: citation.quote, answer: citation.answer });
  const before = citation.passage.slice(0, start);
  const after = citation.passage.slice(start + citation.quote.length);
  const first = before.length > AROUND ? `… ${before.slice(-AROUND).replace(PART_BEFORE, "")}` : before;
  const last = after.length > AROUND ? `${after.slice(0, AROUND).replace(PART_AFTER, "")} …` : after;
  return html`<span class="around">${first}</span>${marked({ text: citation.quote, answer: citation.answer })}<span class="around">${last}</span>`;
}

export function hidePeek(after_ms = 0) {
  clearTimeout(leaving);
  if (!box.matches(":popover-open")) return;
  if (after_ms) leaving = setTimeout(() => hidePeek(), after_ms);
  else box.hidePopover();
}

// On a phone, the style sheet puts it at the bottom of the window, or at the top if the number is there.
function place(target) {
  box.removeAttribute("style");
  box.classList.remove("high");
  box.classList.toggle("high", covers(target));
  if (phone.matches) return;
  const { offsetWidth: width, offsetHeight: height } = box;
  const left = Math.min(Math.max(GAP, target.left - width / 2), innerWidth - width - GAP);
  const above = target.top - height - GAP;
  box.style.left = `${left}px`;
  box.style.top = `${above > GAP ? above : target.bottom + GAP}px`;
}

function covers(target) {
  const { top, bottom, left, right } = box.getBoundingClientRect();
  return target.top < bottom && target.bottom > top && target.left < right && target.right > left;
}
