// An answer as text to copy, with references in four styles.

import { day, language, t, when } from "./words.js";

export const STYLES = { plain, markdown, gost, gbt };

function plain(turn, today) {
  const said = (source) => [source.name[language], source.title, when(source.published), source.url].filter(Boolean).join(", ");
  const entry = (c) => (c.attributions.length ? `${c.sources.map(said).join("; ")}. ${t.read_in}${t.colon}${described(c)}` : described(c));
  return withList(turn, (n) => `[${n}]`, (c, n) => `[${n}] ${entry(c)}${c.deep_link && ` ${c.deep_link}`}`, today);
}

function markdown(turn, today) {
  const escaped = (text) => text.replace(/[\\`*_[\]<>#|~&@]|:(?=\/\/)|(?<=www)\./gi, "\\$&");
  const link = (c) => `[${escaped(c.title)}](<${c.deep_link || c.url}>)`;
  const said = (source) => {
    const words = escaped([source.name[language], source.title, when(source.published)].filter(Boolean).join(", "));
    return source.url ? `[${words}](<${source.url}>)` : words;
  };
  const article = (c) => `${c.url ? link(c) : escaped(c.title)}. ${escaped(published(c))}`;
  const entry = (c) => (c.attributions.length ? `${c.sources.map(said).join("; ")}. ${escaped(t.read_in)}${t.colon}${article(c)}` : article(c));
  return withList(turn, (n) => `[${n}]`, (c, n) => `${n}. ${entry(c)}`, today, escaped);
}

// GOST R 7.0.5-2008, a reference to an electronic resource.
function gost(turn, today) {
  return withList(
    turn,
    (n) => `[${n}]`,
    (c, n) => {
      const read = today.split("-").reverse().join(".");
      if (c.attributions.length) {
        const said = (source) => {
          const when = source.published && `. ${source.published.slice(0, 4)}${source.published.length > 4 ? `. ${source.published.split("-").reverse().slice(0, -1).join(".")}` : ""}`;
          return `${source.title ? `${undotted(source.title)} // ` : ""}${source.name.ru}${when || ""}${source.url && `. URL: ${source.url} (дата обращения: ${read})`}`;
        };
        return `${n}. ${c.sources.map(said).join("; ")}. Цит. по: ${undotted(c.title)}${c.publisher && ` // ${c.publisher_names.ru}`}.`;
      }
      const [first, ...others] = c.authors;
      const heading = c.authors.length > 3 ? "" : first ? `${[first, ...others].join(", ")} ` : "";
      const responsible = c.authors.length > 3 ? ` / ${first} [${c.language === "ru" ? "и др." : c.language === "zh" ? "等" : "et al."}]` : "";
      const where = c.publisher && ` // ${c.publisher}`;
      const when = c.published && `. ${c.published.slice(0, 4)}. ${c.published.split("-").reverse().slice(0, 2).join(".")}`;
      const online = c.url && `. URL: ${c.url} (дата обращения: ${read})`;
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
      if (c.attributions.length) {
        const said = (source) => {
          const title = `${source.title ? `. ${undotted(source.title)}` : ""}${source.url ? "[EB/OL]" : "[Z]"}`;
          const when = `${source.published ? `(${source.published})` : ""}${source.url ? `[${today}]` : ""}`;
          return [`${source.name.zh}${title}`, when, source.url].filter(Boolean).join(". ");
        };
        return `[${n}] ${c.sources.map(said).join("; ")}. 转引自: ${undotted(c.title)}${c.publisher && `, ${c.publisher_names.zh}`}.`;
      }
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
  const aged = ({ age, words }) => (age ? `(${shown(age)}) ` : "") + shown(words.under);
  const quoted = (one) => `${one.label && one.label + t.colon}${aged(one)}${shown(one.words.text)}${shown(one.note)} ${mark(one.number)}`;
  const figure = (words, restated) => shown(words.text) + (restated ? ` (${shown(restated)})` : "");
  const lines = {
    lead: ({ text }) => [text],
    quote: ({ words, note, numbers, origin, folded, label, age }) => [
      [(label && shown(label) + t.colon) + aged({ age, words }) + shown(words.text) + shown(note), ...numbers.map(mark)].join(" "),
      ...(origin ? [`  ${shown(origin.text)}`] : []),
      ...folded.map((one) => `  ${quoted(one)}`),
    ],
    series: ({ heading, rows }) => [heading, ...rows.map(({ time, words, restated, number }) => `- ${time}${t.colon}${figure(words, restated)} ${mark(number)}`)],
    note: ({ text }) => [text],
    disagreement: ({ heading, sides }) => [heading, ...sides.map(({ words, restated, number, line }) => `- ${figure(words, restated)} ${mark(number)} ${shown(line)}`)],
    nearest: ({ heading, passages }) => ["", heading, ...passages.flatMap(({ quotes }) => quotes.map(quoted))],
    sources: ({ articles }) => articles.flatMap(({ quotes }) => quotes.map(quoted)),
    articles: () => [],
  };
  const listed = answer.citations.map((c) => entry(c, c.number));
  return [shown(question), "", ...answer.blocks.flatMap((block) => lines[block.kind](block)), "", ...listed].join("\n").replaceAll("\u00a0", " ") + "\n";
}

const undotted = (title) => title.replace(/[.。\s]+$/, "");
const published = (c) => [c.authors.join(", "), c.publisher_names[language], day(c.published)].filter(Boolean).join(", ");
const described = (c) => `${undotted(c.title)}. ${undotted(published(c))}.`;
