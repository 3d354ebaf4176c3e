"""What the corpus holds: how many articles in each language, from when and whom, and the newest ones."""

from __future__ import annotations

from collections import Counter

from telegram import InlineKeyboardMarkup
from telegram.constants import MessageEntityType

from coopbot.ask.store import VectorStore
from coopbot.domain import LANGUAGES, Article, InterfaceLanguage, Language
from coopbot.serve.messages import format_date, listed, unbroken
from coopbot.serve.telegram.buttons import in_rows, named, newest_keyboard
from coopbot.serve.telegram.parts import Part, marked, pack
from coopbot.serve.telegram.passages import article_line
from coopbot.serve.telegram.texts import bot_texts
from coopbot.text.publishers import publisher_name

_COUNTED = 5000
_PUBLISHERS = 5
_NEWEST = 10


def sources_shown(store: VectorStore, language: InterfaceLanguage) -> tuple[str, InlineKeyboardMarkup]:
    """The summary, and buttons for the newest articles in each language."""
    articles = store.articles(0, _COUNTED)
    texts = bot_texts(language)
    counts = Counter(article.language for article in articles)
    in_languages: dict[Language, int] = {one: counts[one] for one in LANGUAGES if counts[one]}
    lines = [texts.sources_heading.format(store.manifest.articles)]
    lines += [f"• {texts.sources_counts[one].format(count)}" for one, count in in_languages.items()]
    dates = sorted(article.published for article in articles if article.published)
    if dates:
        lines.append(texts.sources_dates.format(format_date(dates[0], language), format_date(dates[-1], language)))
    publishers = Counter(name for article in articles for name in _publishers(article, language)).most_common(_PUBLISHERS)
    if publishers:
        lines.append(texts.sources_publishers.format(listed((name for name, _ in publishers), language)))
    return unbroken("\n".join(lines)), newest_keyboard(in_languages)


def newest_shown(store: VectorStore, of: Language, language: InterfaceLanguage) -> tuple[list[Part], InlineKeyboardMarkup]:
    """The newest articles in a language, and the way back to the summary. language: of the reader."""
    articles = [one for one in store.articles(0, _COUNTED) if one.language == of]
    articles.sort(key=lambda one: (one.published is not None, one.published, one.article_id), reverse=True)
    blocks = [marked(bot_texts(language).newest_heading[of], MessageEntityType.BOLD)]
    blocks += [article_line(one, language) for one in articles[:_NEWEST]]
    return pack(blocks), in_rows([named("sources", language)])


def _publishers(article: Article, language: InterfaceLanguage) -> set[str]:
    """Who published it; of what was written from other sources, who published those."""
    sources = {publisher_name(source.publisher, language) for source in article.all_sources() if source.publisher}
    return sources or {publisher_name(article.publisher, language)} - {""}
