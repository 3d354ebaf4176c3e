"""The pages that articles cite: which they are, what they are cited for, and what became of a visit to one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from coopbot.domain import Article
from coopbot.errors import Unreachable
from coopbot.ingest.addresses import page_key
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import Read
from coopbot.ingest.web.content import ARTICLES
from coopbot.ingest.web.fetch import Fetched, read_url
from coopbot.ingest.web.polite import Polite
from coopbot.text.figures import all_agree, find_figures

Outcome = Literal["added", "known", "unchanged", "forbidden", "gone", "different", "unreadable", "silent"]
"""added: it is an article now. known: an article has its text already. unchanged: since the last visit. forbidden: by the
site, to programs or to those who do not pay. gone: there is no such page any more. different: it states no figure that it is
cited for, because it has changed or has to be paid for. unreadable: no article. silent: it did not answer."""

_GONE, _FORBIDDEN = (404, 410), (401, 402, 403, 451)
# A visit is not repeated within this time, so that an interrupted round goes on where it was.
_FRESH_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of a visit at `at_s`, in seconds since 1970. `article_id` or `reason` says more; the rest is for the next."""

    outcome: Outcome
    at_s: float = 0.0
    article_id: str = ""
    reason: str = ""
    etag: str = ""
    last_modified: str = ""

    def is_fresh(self, now_s: float) -> bool:
        """Whether the page need not be asked for again yet; one that did not answer is."""
        return self.outcome != "silent" and 0 <= now_s - self.at_s < _FRESH_S


class NotTaken(Unreachable):
    """A page that gives no article here, with the `outcome` of the visit."""

    def __init__(self, url: str, outcome: Outcome, reason: str) -> None:
        super().__init__(url, reason)
        self.outcome = outcome


def cited_pages(articles: Iterable[Article]) -> dict[str, tuple[str, ...]]:
    """The addresses that articles cite, each with the sentences that it is cited for.

    Only of articles without an address of their own: what the fetched pages cite is not asked for.
    """
    pages: dict[str, dict[str, None]] = {}
    for article in articles:
        if article.url:
            continue
        for source in article.sources:
            if source.url:
                pages.setdefault(source.url, {})
        for one in article.attributions:
            for source in one.sources:
                if source.url:
                    pages.setdefault(source.url, {})[one.of(article.text)] = None
    return {url: tuple(sentences) for url, sentences in pages.items()}


def fetch_cited(
    url: str, sentences: Sequence[str], before: Visit | None, polite: Polite, read: Read
) -> tuple[Fetched, Draft | None]:
    """What is at a cited address, and the article there; None if it is unchanged since the visit `before`.

    The article's address is the cited one, also if it has moved. Raises NotTaken, and what `fetch` and `read_url` raise.
    """
    if not polite.permits(url):
        raise NotTaken(url, "forbidden", "its robots.txt does not permit to fetch it; save the page and add the file")
    try:
        fetched = polite(url, etag=before.etag if before else "", last_modified=before.last_modified if before else "")
    except Unreachable as error:
        if error.status in (*_GONE, *_FORBIDDEN):
            raise NotTaken(url, "gone" if error.status in _GONE else "forbidden", error.reason) from error
        raise
    if page_key(url) and not page_key(fetched.url):
        raise NotTaken(url, "gone", "leads to the front page of its site; look for the page there")
    if fetched.not_modified:
        return fetched, None

    def fetch(url: str, *, kinds: Mapping[str, str] = ARTICLES, etag: str = "", last_modified: str = "") -> Fetched:
        return fetched

    draft = replace(read_url(url, fetch, read), url=url)
    if not states_any(draft.text, sentences):
        raise NotTaken(url, "different", "states no figure that it is cited for; it has changed, or has to be paid for")
    return fetched, draft


def states_any(text: str, sentences: Sequence[str]) -> bool:
    """Whether a text states a figure of these sentences: an amount, or a bare number or date where they have none.

    True of sentences without figures: they cannot be compared.
    """
    figures = [figure for sentence in sentences for figure in find_figures(sentence)]
    telling = [one for one in figures if one.unit not in ("", "date")] or figures
    stated = find_figures(text)
    return not telling or any(all_agree([one], stated) for one in dict.fromkeys(telling))
