// A line at the bottom that says what was done, for some seconds, with a button to undo it where that is possible.

import { html, nothing, render } from "./lit-html.js";
import { t } from "./words.js";

const SHOWN_MS = 12_000;
const place = document.getElementById("toast");
let ending = 0;

export function toast(text, undo = null) {
  clearTimeout(ending);
  const back = () => {
    hideToast();
    undo();
  };
  render(html`<span>${text}</span>${undo ? html` <button type="button" @click=${back}>${t.undo}</button>` : nothing}`, place);
  ending = setTimeout(hideToast, SHOWN_MS);
}

export function hideToast() {
  clearTimeout(ending);
  render(nothing, place);
}
