"""Makes the rows of an index from articles: cuts them into passages and embeds those that are not in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

import numpy as np

from coopbot.domain import Article, Language, Passage
from coopbot.index import token_codes
from coopbot.index.cache import VectorCache, cache_key
from coopbot.index.filters import places_in
from coopbot.index.model.embedder import Embedder, centred
from coopbot.index.types import ArticleRows, PassageVectors
from coopbot.text.tokens import lexical_tokens

# Passages embedded before their vectors go into the cache: a killed build loses no more than these.
_BLOCK = 64
# Passages sorted by length together, so that those of one batch are of similar length.
_TOGETHER = 512

ToPassages = Callable[[Article], list[Passage]]


class RowMaker:
    """Makes the rows of articles one by one. embedded: how many passages went through the model."""

    def __init__(self, embedder: Embedder, cache: VectorCache, to_passages: ToPassages) -> None:
        self._embedder = embedder
        self._cache = cache
        self._to_passages = to_passages
        self.embedded = 0

    def make(self, articles: Iterable[Article]) -> Iterator[ArticleRows]:
        """Rows in the order of the articles. Holds some hundreds of passages in memory at a time."""
        group: list[tuple[Article, list[Passage]]] = []
        for article in articles:
            group.append((article, self._to_passages(article)))
            if sum(len(passages) for _, passages in group) >= _TOGETHER:
                yield from self._make_group(group)
                group = []
        yield from self._make_group(group)

    def _make_group(self, group: Sequence[tuple[Article, list[Passage]]]) -> Iterator[ArticleRows]:
        texts = {cache_key(parts): parts for article, passages in group for parts in (_texts(article, p) for p in passages)}
        known = self._cache.known(list(texts))
        # Texts of equal length stay in order, because the texts of a batch change each other's vectors a little.
        new = sorted((key for key in texts if key not in known), key=lambda key: len(texts[key][2]))
        for start in range(0, len(new), _BLOCK):
            self._embed({key: texts[key] for key in new[start : start + _BLOCK]})
        for article, passages in group:
            parts = [_texts(article, passage) for passage in passages]
            keys = [cache_key(one) for one in parts]
            found = self._cache.get(keys)
            # All were in the cache a moment ago, but it may have been found damaged since.
            missing = {key: one for key, one in zip(keys, parts, strict=True) if key not in found}
            if missing:
                found |= self._embed(missing)
            vectors = [found[key] for key in keys]
            yield ArticleRows(article=article, passages=passages, vectors=vectors, places=places_in(article))

    def _embed(self, texts: dict[bytes, list[str]]) -> dict[bytes, PassageVectors]:
        made = dict(zip(texts, embed_block(list(texts.values()), self._embedder), strict=True))
        self._cache.put(made)
        self.embedded += len(made)
        return made


def context_of(article: Article, passage: Passage) -> str:
    """Title and headings, which precede a passage when it is embedded, so that its vector reflects the article's subject."""
    context = " — ".join(part for part in (article.title, *passage.heading_path) if part)
    return f"{context}\n" if context else ""


def lexical_words(article: Article, passage: Passage) -> list[str]:
    """The words by which lexical search finds a passage, those of its title and headings first."""
    words = lexical_tokens(context_of(article, passage))
    for span in passage.sentences:
        words += lexical_tokens(passage.quoted(span))
    return words


def _texts(article: Article, passage: Passage) -> list[str]:
    """What a passage's vectors depend on: its language (whose centre is subtracted), context, text, and each sentence."""
    sentences = [article.text[span.start_char : span.end_char] for span in passage.sentences]
    return [article.language, context_of(article, passage), passage.text, *sentences]


def embed_block(texts: Sequence[list[str]], embedder: Embedder) -> list[PassageVectors]:
    """Vectors of passages, each given as [language, context, passage, sentence, ...]."""
    passages = embedder.embed_passages([context + text for _, context, text, *_ in texts], with_tokens=True)
    sentences = embedder.embed_passages([sentence for _, _, _, *rest in texts for sentence in rest]).pooled
    vectors: list[PassageVectors] = []
    at = 0
    for row, (language, context, text, *rest) in enumerate(texts):
        centre = embedder.centre(cast(Language, language))
        own = passages.tokens[row].spans[:, 1] > len(context)
        begins = passages.tokens[row].spans[own, 0] - len(context)
        place = 0
        starts = []
        for sentence in rest:
            place = text.index(sentence, place)
            starts.append(place)
            place += len(sentence)
        # A token that includes the space before a sentence begins one character early.
        firsts = np.searchsorted(begins, np.array(starts) - 1)
        firsts[0] = 0
        vectors.append(
            PassageVectors(
                pooled=centred(passages.pooled[row], centre.passage),
                sentences=centred(sentences[at : at + len(rest)], centre.sentence).astype(np.float16),
                codes=token_codes.encode(passages.tokens[row].vectors[own]),
                token_counts=np.diff(np.append(firsts, len(begins))).astype(np.int64),
            )
        )
        at += len(rest)
    return vectors
