// An answer as text to copy, with references in four styles.

import { day, t } from "./words.js";

export const STYLES = { plain, markdown, gost, gbt };

function plain(turn, today) {
  return withList(turn, (n) => `[${n}]`, (c, n) => `[${n}] ${described(c)}${c.deep_link && ` ${c.deep_link}`}`, today);
}

function markdown(turn, today) {
  const escaped = (text) => text.replace(/([\\`*_[\]<>#|])/g, "\\$1");
  const link = (c) => `[${escaped(c.title)}](<${c.deep_link || c.url}>)`;
  return withList(
    turn,
    (n) => `[${n}]`,
    (c, n) => `${n}. ${c.url ? link(c) : escaped(c.title)}. ${escaped(published(c))}`,
    today,
    escaped,
  );
}

// GOST R 7.0.5-2008, a reference to an electronic resource.
function gost(turn, today) {
  return withList(
    turn,
    (n) => `[${n}]`,
    (c, n) => {
      const [first, ...others] = c.authors;
      const heading = c.authors.length > 3 ? "" : first ? `${[first, ...others].join(", ")} ` : "";
      const responsible = c.authors.length > 3 ? ` / ${first} [${c.language === "ru" ? "и др." : c.language === "zh" ? "等" : "et al."}]` : "";
      const where = c.publisher && ` // ${c.publisher}`;
      const when = c.published && `. ${c.published.slice(0, 4)}. ${c.published.split("-").reverse().slice(0, 2).join(".")}`;
      const online = c.url && `. URL: ${c.url} (дата обращения: ${today.split("-").reverse().join(".")})`;
      return `${n}. ${heading}${undotted(c.title)}${responsible}${where}${when || ""}${online}.`;
    },
    today,
  );
}

// GB/T 7714-2015: [EB/OL] is an electronic bulletin read online, [Z] anything without an address.
function gbt(turn, today) {
  return withList(
    turn,
    (n) => `[${n}]`,
    (c, n) => {
      const authors = c.authors.slice(0, 3).join(", ") + (c.authors.length > 3 ? (c.language === "zh" ? ", 等" : ", et al") : "");
      const who = authors || c.publisher;
      const publisher = authors && c.publisher ? `${c.publisher}, ` : "";
      const kind = c.url ? "[EB/OL]" : "[Z]";
      const when = `${c.published ? `(${c.published})` : ""}${c.url ? `[${today}]` : ""}`;
      return `[${n}] ${[who, `${undotted(c.title)}${kind}`, `${publisher}${when}`, c.url].filter(Boolean).join(". ")}.`;
    },
    today,
  );
}

// The question, the blocks as lines of text, and a reference for each citation.
function withList({ question, answer }, mark, entry, today, shown = (text) => text) {
  const quoted = ({ label, words, note, number }) => `${label && label + t.colon}${shown(words.text)}${shown(note)} ${mark(number)}`;
  const lines = {
    lead: ({ text }) => [text],
    quote: ({ words, note, numbers, origin, folded, label }) => [
      [(label && shown(label) + t.colon) + shown(words.text) + shown(note), ...numbers.map(mark)].join(" "),
      ...(origin ? [`  ${shown(origin.text)}`] : []),
      ...folded.map((one) => `  ${quoted(one)}`),
    ],
    series: ({ heading, rows }) => [heading, ...rows.map(({ time, words, number }) => `- ${time}${t.colon}${shown(words.text)} ${mark(number)}`)],
    note: ({ text }) => [text],
    disagreement: ({ heading, sides }) => [heading, ...sides.map(({ words, number, line }) => `- ${shown(words.text)} ${mark(number)} ${shown(line)}`)],
    nearest: ({ heading, passages }) => ["", heading, ...passages.flatMap(({ quotes }) => quotes.map(quoted))],
    sources: ({ articles }) => articles.flatMap(({ quotes }) => quotes.map(quoted)),
    articles: () => [],
  };
  const listed = answer.citations.map((c) => entry(c, c.number));
  return [shown(question), "", ...answer.blocks.flatMap((block) => lines[block.kind](block)), "", ...listed].join("\n") + "\n";
}

const undotted = (title) => title.replace(/[.。\s]+$/, "");
const published = (c) => [c.authors.join(", "), c.publisher, day(c.published)].filter(Boolean).join(", ");
const described = (c) => `${undotted(c.title)}. ${undotted(published(c))}.`;
