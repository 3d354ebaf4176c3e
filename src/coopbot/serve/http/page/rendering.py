"""Templates of the page, filled. Everything put into them is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from coopbot.domain import LANGUAGES, Language
from coopbot.serve.http.page.texts import Texts
from coopbot.serve.messages import format_date

# Nothing from another host, no script or style in the page itself. lit-html's policy makes templates, from its own strings.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
)


class Templates:
    """Fills templates in a language."""

    def __init__(self, texts: Mapping[Language, Texts]) -> None:
        self._texts = texts
        self._environment = Environment(
            loader=PackageLoader("coopbot.serve.http.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def texts(self, language: Language) -> Texts:
        """Those of a language."""
        return self._texts[language]

    def fill(self, name: str, language: Language, *, theme: str = "", status: int = 200, **values: Any) -> HTMLResponse:
        """A page. `values` are any that the template names."""
        html = self._environment.get_template(name).render(
            language=language,
            theme=theme,
            t=self._texts[language],
            names={code: (self._texts[code]["name"], self._texts[code]["short_name"]) for code in LANGUAGES},
            day=partial(_day, language=language),
            parts=marked_parts,
            **values,
        )
        # The page depends on two cookies and on the languages of the browser.
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"}
        return HTMLResponse(html, status_code=status, headers=headers)


def _day(published: date | None, *, language: Language) -> str:
    return format_date(published, language)


def marked_parts(text: str, start_char: int, end_char: int) -> tuple[str, str, str]:
    """A text before, within and after a span."""
    return text[:start_char], text[start_char:end_char], text[end_char:]
