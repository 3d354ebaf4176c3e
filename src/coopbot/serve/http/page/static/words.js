// The texts of the page in its language, and the format of dates and numbers.

export const t = JSON.parse(document.getElementById("texts").textContent);
export const MAX_CHARS = 500; // of a question
export const language = document.documentElement.lang;

// What links to pages of this service end with where no cookie keeps the chosen language.
export const carried = new URLSearchParams(location.search).has("language") && !/(^|; )language=/.test(document.cookie) ? `language=${language}` : "";

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const LOCALES = { en: "en-GB", zh: "zh-CN", ru: "ru-RU" };
const days = new Intl.DateTimeFormat(LOCALES[language], { dateStyle: "long", timeZone: "UTC" });
const months = new Intl.DateTimeFormat(LOCALES[language], { month: "short", timeZone: "UTC" });
const numbers = new Intl.NumberFormat(LOCALES[language]);

const ofMonths = new Intl.DateTimeFormat(LOCALES[language], { month: "long", year: "numeric", timeZone: "UTC" });
const ofYears = new Intl.DateTimeFormat(LOCALES[language], { year: "numeric", timeZone: "UTC" });

// A day, a month or a year, as exactly as it is known.
export const when = (iso) => (iso ? whole([ofYears, ofMonths, days][iso.split("-").length - 1].format(new Date(iso))) : t.undated);
export const day = (iso) => (iso ? whole(days.format(new Date(iso))) : t.undated);
const whole = (text) => text.replaceAll(" ", "\u00a0");

// With no-break spaces where a line should not end, within dates and before units, as the service has them without scripts.
export const unbroken = (text) => text.replace(/(\d) (?=[\p{L}%°]|\d{3}(?!\d))/gu, "$1\u00a0").replace(/(\d\u00a0\p{L}+) (?=\d{4}(?!\d))/gu, "$1\u00a0");
export const month = (iso) => months.format(new Date(iso));
export const number = (n) => numbers.format(n);

// A time to wait. Short units need no plural and no case.
export const span = (s) => new Intl.NumberFormat(LOCALES[language], { style: "unit", unit: s < 100 ? "second" : "minute", unitDisplay: "short" }).format(s < 100 ? s : Math.ceil(s / 60));

// The service's offsets count code points, JavaScript's count UTF-16 units.
export function cut(text, start, end) {
  const points = [...text];
  return [points.slice(0, start).join(""), points.slice(start, end).join(""), points.slice(end).join("")];
}
