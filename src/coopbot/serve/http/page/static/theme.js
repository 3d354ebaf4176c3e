// Light, dark, or the system's theme, stored in a cookie so that the server renders the right one.

import { t } from "./words.js";

const THEMES = ["", "light", "dark"];
const NAMES = { "": t.theme_auto, light: t.theme_light, dark: t.theme_dark };
const YEAR_S = 365 * 24 * 3600;

export function setUpTheme() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const show = () => {
    const name = NAMES[root.dataset.theme ?? ""];
    button.textContent = { "": "◐", light: "☀", dark: "☾" }[root.dataset.theme ?? ""];
    button.setAttribute("aria-label", `${t.theme}${t.colon}${name}`);
    button.title = `${t.theme}${t.colon}${name}`;
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "") + 1) % THEMES.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    document.cookie = `theme=${next}; path=/; max-age=${next ? YEAR_S : 0}; samesite=lax`;
    show();
  });
  show();
}
