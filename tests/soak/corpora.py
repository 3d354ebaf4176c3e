"""Corpora that follow each other: articles come, change and go, in three languages, so that segments are folded."""

from __future__ import annotations

from random import Random

from coopbot.domain import LANGUAGES, Article
from tests.fakes import BagOfWords, make_article

_ARTICLES = 40
# Every so many states, much of the corpus changes; else a few articles do.
_UPHEAVAL = 5
_SUBJECTS = {
    "en": ("bridge", "port", "railway", "visa", "grain"),
    "ru": ("мост", "порт", "дорога", "виза", "зерно"),
    "zh": ("大桥开通", "港口吞吐", "铁路运输", "签证便利", "粮食出口"),
}
_SENTENCE = {
    "en": "The {} number {} took {} million tonnes in {}.",
    "ru": "Груз {} номер {} составил {} миллиона тонн в {} году.",
    "zh": "{}第{}号运输了{}百万吨货物，{}年。",
}


def embedder() -> BagOfWords:
    return BagOfWords(dim=64)


def corpus(state: int) -> list[Article]:
    """The articles at this point of time; at -1 there are none yet."""
    versions: dict[int, int] = {}
    for step in range(state + 1):
        chance = Random(step)
        if step == 0:
            versions = dict.fromkeys(range(_ARTICLES - 5), 0)
            continue
        touched = chance.sample(range(_ARTICLES), 2 if step % _UPHEAVAL else _ARTICLES // 2)
        for number in touched:
            if number in versions and chance.random() < 0.4:
                del versions[number]
            else:
                versions[number] = step
    return [_article(number, version) for number, version in sorted(versions.items())]


def _article(number: int, version: int) -> Article:
    language = LANGUAGES[number % len(LANGUAGES)]
    subjects = _SUBJECTS[language]
    text = " ".join(
        _SENTENCE[language].format(subjects[(number + k) % len(subjects)], number, version + k, 2010 + k)
        for k in range(1 + (number + version) % 5)
    )
    return make_article(f"{language}/{number:03d}", text, language=language, title=f"{subjects[number % 5]} {number}")
