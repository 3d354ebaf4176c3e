"""Which of en, zh and ru a text is in: a question of two words as well as a long article."""

from __future__ import annotations

import re

from coopbot.domain import Language
from coopbot.text.characters import HAN
from coopbot.text.words import word_list

# Addresses are Latin in every language.
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+|[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]+")
_HAN = re.compile(f"[{HAN}]")
_CYRILLIC_WORD = re.compile(r"[\u0400-\u052f]+")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\uff21-\uff3a\uff41-\uff5a]+")

# A Han character carries about as much text as three Latin letters.
_HAN_WEIGHT = 3.0
# Russian and Chinese texts have foreign names in Latin letters, so a capitalised Latin word is weak evidence, however long.
_NAME_WEIGHT = 1.5
# A function word counts as this many letters more. Words that occur in names (of, and) are left out.
_FUNCTION_WORD_WEIGHT = 8.0
_ENGLISH, _RUSSIAN = word_list("function", "en"), word_list("function", "ru")
_CHINESE = re.compile("什么|多少|哪|谁|怎|吗|呢|的|是|了|在|甚麼|誰|嗎")


def detect_language(text: str) -> Language:
    """The language that most of the text's letters and function words belong to; en if it has no letters of the three."""
    text = _ADDRESS.sub(" ", text)
    latin = _LATIN_WORD.findall(text)
    cyrillic = _CYRILLIC_WORD.findall(text)
    weights: dict[Language, float] = {
        "zh": _HAN_WEIGHT * len(_HAN.findall(text)) + _FUNCTION_WORD_WEIGHT * len(_CHINESE.findall(text)),
        "ru": sum(map(len, cyrillic)) + _FUNCTION_WORD_WEIGHT * _count(cyrillic, _RUSSIAN),
        "en": sum(len(word) if word[0].islower() else _NAME_WEIGHT for word in latin)
        + _FUNCTION_WORD_WEIGHT * _count(latin, _ENGLISH),
    }
    best = max(weights, key=lambda language: weights[language])
    return best if weights[best] else "en"


def _count(words: list[str], function_words: frozenset[str]) -> int:
    return sum(word.lower() in function_words for word in words)


# Letters of neighbours that share a script with ours and not the language, and the minimum share of all letters that decides.
_OTHER_CYRILLIC = re.compile("[іїєґўәғқңөұүһјљњћђџѓќѕ]")
_KANA = re.compile("[\u3041-\u30ff]")
_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SHARE = 0.02
_OTHER_SCRIPT_SHARE = 0.5  # of the words, those in Han left out
# Bulgarian has no ы, but ъ in about one word in ten; in Russian ы is far more frequent than ъ.
_FEWEST_HARD_SIGNS = 3
_KANA_SHARE = 0.1  # of Han and kana: Chinese texts quote a Japanese name
_ENOUGH_WORDS = 40
_GRAMMAR_SHARE = 0.06  # of the words; a text of ours has three times as many
_ENGLISH_GRAMMAR, _RUSSIAN_GRAMMAR = _ENGLISH | word_list("grammar", "en"), _RUSSIAN | word_list("grammar", "ru")


def is_other_language(text: str) -> bool:
    """Whether a text is in none of the three languages; a short one that its letters do not betray passes."""
    text = _ADDRESS.sub(" ", text)
    words = [word.lower() for word in _WORD.findall(text)]
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    if han + kana > len(words):
        return kana > _KANA_SHARE * (han + kana)
    other = sum(not any(script.match(word) for script in (_CYRILLIC_WORD, _LATIN_WORD, _HAN)) for word in words)
    if other > _OTHER_SCRIPT_SHARE * len(words):
        return True
    cyrillic = "".join(_CYRILLIC_WORD.findall(text)).lower()
    if len(_OTHER_CYRILLIC.findall(cyrillic)) > _OTHER_SHARE * sum(map(len, words)):
        return True
    if len(words) < _ENOUGH_WORDS:
        return False
    if cyrillic.count("ъ") >= max(_FEWEST_HARD_SIGNS, cyrillic.count("ы")):
        return True
    grammar = max(sum(word in known for word in words) for known in (_ENGLISH_GRAMMAR, _RUSSIAN_GRAMMAR))
    return grammar < _GRAMMAR_SHARE * len(words)
