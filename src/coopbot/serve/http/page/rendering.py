"""The texts of the page, from `serve/texts/*/page.json`, and its templates, which they fill; all values are escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.resources import files
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from coopbot.domain import INTERFACE_LANGUAGES, LANGUAGES, InterfaceLanguage
from coopbot.index.filters import VALUE_FILTERS
from coopbot.ingest.formats.readers import ENDINGS, FORMATS
from coopbot.serve.messages import format_date, format_when, language_of_locale, listed, message, text_file, unbroken
from coopbot.text.publishers import publisher_name

# Texts by name.
Texts = Mapping[str, str]

_FROM_MESSAGES = (
    "undated",
    "based_on",
    "between_items",
    "comma",
    "colon",
    "question_empty",
    "question_too_long",
    "busy",
    "unavailable",
    "went_wrong",
)

# Nothing from other hosts, and no inline script or style. lit-html may make markup from its own templates; `worker` names the
# service worker.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html worker"
)

# As in HTTP: "²" is a digit too, but no number.
_WEIGHT = re.compile(r"[01](?:\.[0-9]{0,3})?")

# Paragraphs, and headings as Markdown has them.
_BLOCK = re.compile(r"(?P<mark>#{1,6} )?(?P<body>[^\n](?:[^\n]|\n(?!\n))*)")


def load_texts() -> dict[InterfaceLanguage, Texts]:
    """The page's own texts and those shared with other interfaces, in every language."""
    return {language: _texts(language) for language in INTERFACE_LANGUAGES}


def _texts(language: InterfaceLanguage) -> Texts:
    messages = message(language)
    shared = asdict(messages) | asdict(messages.punctuation)
    formats = listed((one.name for one in FORMATS), language)
    own: dict[str, str] = json.loads(text_file(language, "page").replace("{formats}", formats))
    named = json.loads(files("coopbot.serve").joinpath("texts", "filters.json").read_text(encoding="utf-8"))
    of_filters = {name: forms[language] for name, forms in named.items() if language in forms}
    return of_filters | own | {name: shared[name] for name in _FROM_MESSAGES}


def preferred_language(chosen: str | None, accepted: str) -> InterfaceLanguage:
    """The language chosen before, or else the first known one in an Accept-Language header; English if there is none."""
    codes = (code.lower().partition("-")[0] for code in (chosen or "", *_by_weight(accepted)))
    return language_of_locale(next((code for code in codes if code in INTERFACE_LANGUAGES), None))


def _by_weight(accepted: str) -> list[str]:
    """The codes of an Accept-Language header, by falling weight; an invalid weight counts as 1."""
    weighted = []
    for entry in accepted.split(",")[:20]:
        code, _, parameters = entry.partition(";")
        weight = parameters.strip().removeprefix("q=")
        weighted.append((-float(weight) if _WEIGHT.fullmatch(weight) else -1.0, code.strip()))
    return [code for _, code in sorted(weighted, key=lambda pair: pair[0])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the reader chose. theme: "" for the system's. carried: what links need where no cookie keeps the language."""

    language: InterfaceLanguage
    theme: str
    carried: str


class Templates:
    """Fills templates in the language of the page."""

    def __init__(self) -> None:
        self.texts = load_texts()
        self._environment = Environment(
            loader=PackageLoader("coopbot.serve.http.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            # Markup is made of strings that were finalized before; "e" keeps a question as it was asked.
            finalize=lambda value: unbroken(value) if type(value) is str else value,
        )
        # Escaped letters would make the texts of the page three times as long.
        self._environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
        self._environment.globals |= {"publisher_name": publisher_name}
        self._environment.filters["unbroken"] = unbroken

    def fill(self, name: str, choices: Choices, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The response with a filled template. values: those that the template names."""
        language = choices.language
        html = self._environment.get_template(name).render(
            language=language,
            theme=choices.theme,
            carried=choices.carried,
            t=self.texts[language],
            filters=VALUE_FILTERS,
            languages=LANGUAGES,
            names={code: (self.texts[code]["name"], self.texts[code]["short_name"]) for code in INTERFACE_LANGUAGES},
            day=partial(format_date, language=language),
            when=partial(format_when, language=language),
            blocks=article_blocks,
            extensions=",".join(ENDINGS),
            **values,
        )
        # The page depends on two cookies and on the browser's languages.
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"}
        return HTMLResponse(html, status_code=status, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph or heading of an article, split into the text before, in and after a quotation. is_first: where it starts."""

    is_heading: bool
    before: str
    quote: str
    after: str
    is_first: bool


def article_blocks(text: str, start_char: int, end_char: int) -> Iterator[Block]:
    """The blocks of an article's text. A quotation, from `start_char` to `end_char`, may span several."""
    begun = False
    for match in _BLOCK.finditer(text):
        begin, end = match.span("body")
        first, last = min(max(start_char, begin), end), max(min(end_char, end), begin)
        quote = text[first:last]
        after = max(first, last)
        yield Block(
            is_heading=match["mark"] is not None,
            before=text[begin:first],
            quote=quote,
            after=text[after:end],
            is_first=bool(quote) and not begun,
        )
        begun = begun or bool(quote)
