// An article beside the answer, scrolled to the quoted sentence.

import { html, nothing, render } from "./lit-html.js";
import { Problem, get } from "./api.js";
import { metaView, originsView, pageOf } from "./answer.js";
import { language, t } from "./words.js";

const panel = document.getElementById("reader");
const beside = matchMedia("(min-width: 68rem)");
let opener = null; // the element that had the focus
let newest = 0;

export function setUpReader() {
  panel.addEventListener("close", () => {
    document.body.classList.remove("reading");
    opener?.focus?.();
    if (history.state?.reading) history.back();
  });
  // On a phone the article is all there is to see, and the way back leads out of it.
  addEventListener("popstate", () => {
    if (panel.matches(":modal") && !history.state?.reading) panel.close();
    setTimeout(() => (history.scrollRestoration = "auto"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel.open) panel.close();
  });
}

// target: a citation, or an article from a list, without offsets.
export async function openArticle(target) {
  const number = ++newest;
  if (!panel.open) {
    opener = document.activeElement;
    draw(null, target);
    if (beside.matches) panel.show();
    else {
      panel.showModal();
      history.scrollRestoration = "manual"; // so that the answer is where it was on the way back
      history.pushState({ reading: true }, "");
    }
    document.body.classList.add("reading");
  }
  try {
    const article = await get(`/v1/articles/${target.article_id.split("/").map(encodeURIComponent).join("/")}`);
    if (number !== newest) return;
    draw(article, target);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    draw(null, target, error.status === 404 ? t.article_gone : error.status ? t.went_wrong : t.offline);
  }
  panel.querySelector("#reader-title").focus({ preventScroll: true });
  panel.querySelector("mark")?.scrollIntoView({ block: "center" });
}

function draw(article, target, problem = "") {
  const link = target.deep_link || article?.url;
  const toQuote = () => panel.querySelector("mark").scrollIntoView({ block: "center", behavior: "smooth" });
  render(
    html`<div class="head">
        <h2 id="reader-title" tabindex="-1" dir="auto" lang=${target.language}>${target.title}</h2>
        <button type="button" class="close" aria-label=${t.close} @click=${() => panel.close()}>×</button>
        ${metaView({ ...target, sources: [] })}
        <p class="links">
          ${link ? html`<a href=${link} target="_blank" rel="noopener noreferrer">${target.deep_link ? t.original_at : t.original}</a>` : nothing}
          ${target.language === language ? nothing : html`<a href=${pageOf(target)} target="_blank">${t.as_page}</a>`}
          ${article && target.quote ? html`<button type="button" class="quiet" @click=${toQuote}>${t.to_quote}</button>` : nothing}
        </p>
        ${article ? originsView(article) : nothing}
      </div>
      <div class="text" lang=${target.language} tabindex="0" role="region" aria-labelledby="reader-title">
        ${article ? blocks(article.text, target) : html`<p>${problem || "…"}</p>`}
      </div>`,
    panel,
  );
}

// Paragraphs and headings, with the quotation marked, which may span several, and its answering words.
function blocks(text, { start_char = 0, end_char = 0, answer }) {
  const units = (points) => [...text].slice(0, points).join("").length;
  const [from, to] = [units(start_char), units(end_char)];
  const words = answer ? [units(start_char + answer.start_char), units(start_char + answer.end_char)] : [to, to];
  return [...text.matchAll(/[^\n](?:[^\n]|\n(?!\n))*/g)].map((match) => {
    const heading = /^(#{1,6}) /.exec(match[0]);
    const begin = match.index + (heading ? heading[0].length : 0);
    const stop = match.index + match[0].length;
    const [a, b] = [Math.max(from, begin), Math.min(to, stop)];
    const [c, d] = words.map((at) => Math.min(Math.max(at, a), b));
    const quote = () => html`<mark>${text.slice(a, c)}<strong>${text.slice(c, d)}</strong>${text.slice(d, b)}</mark>`;
    const body = a < b ? html`${text.slice(begin, a)}${quote()}${text.slice(b, stop)}` : text.slice(begin, stop);
    return heading ? html`<h3 dir="auto">${body}</h3>` : html`<p dir="auto">${body}</p>`;
  });
}
