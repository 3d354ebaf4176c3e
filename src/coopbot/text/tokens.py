"""Tokens for lexical (BM25) search in en, zh and ru; the same function serves questions and passages.

Tokens do not depend on context: a word or number gives the same token everywhere, so that questions match texts.
"""

from __future__ import annotations

import re
import unicodedata

from Stemmer import Stemmer

from coopbot.text.characters import HAN, TO_SIMPLIFIED
from coopbot.text.words import word_list

_LATIN = "a-z\u00df-\u00f6\u00f8-\u024f"
_CYRILLIC = "\u0430-\u052f"
_TOKEN = re.compile(
    rf"""
    (?P<number> \d+ (?: (?:\.|,|[ ](?=\d{{3}}(?!\d))) \d+ )* )
  | (?P<acronym> (?<![{_LATIN}]) (?:[a-z]\.){{2,}} )
  | (?P<latin> [{_LATIN}]+ (?: '[a-z]+ | \d+ )? )
  | (?P<cyrillic> [{_CYRILLIC}]+ \d* )
  | (?P<han> [{HAN}]+ )
  | (?P<other> [^\W\d_]+? (?= [{HAN}{_LATIN}{_CYRILLIC}\d\W_] | $) )
    """,
    re.VERBOSE,
)
# Soft hyphens, zero-width characters and stress marks on Russian vowels are never part of a word.
_FOLDED = str.maketrans("ё\u2019\u02bc", "е''", "\u00ad\u0301\u200b\u200c\u200d\u2060\ufeff")

# Thousands: groups of exactly three after a space or a comma. "1,283 трлн" is then read as 1283 too; what matters here is
# that questions and passages are read alike.
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([ ,])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
_DECIMAL = re.compile(r"\d+[.,]\d+")

# Chinese ones as bigrams, or as single characters. 的 also separates the words on both sides of it.
_STOP_TOKENS = word_list("stop")
# Longer runs of letters are not words, and stemming them repeatedly takes time quadratic in their length.
_LONGEST_WORD_CHARS = 40


def lexical_tokens(text: str) -> list[str]:
    """Search tokens of `text` in order, with repetitions.

    Words are lower case and stemmed (Snowball), ё is е; Han runs are simplified and give overlapping bigrams, or the character
    itself if it is alone; numbers are plain decimals ("1 283" and "1,283" are "1283", "38,8" is "38.8"). Without stop words.
    """
    # A new stemmer costs half a microsecond and is not shared between threads, which PyStemmer does not allow.
    english, russian = Stemmer("english", 0), Stemmer("russian", 0)
    tokens: list[str] = []
    for match in _TOKEN.finditer(fold(text)):
        kind = match.lastgroup
        token = match[0].replace(".", "") if kind == "acronym" else match[0]
        if kind == "han":
            for part in token.translate(TO_SIMPLIFIED).split("的"):
                found = [part] if len(part) == 1 else [part[at : at + 2] for at in range(len(part) - 1)]
                tokens += [one for one in found if one not in _STOP_TOKENS]
        elif kind == "number":
            # Dates and version numbers ("16.11.2022") are split into their parts; leading zeros are dropped.
            if thousands := _THOUSANDS.fullmatch(token):
                tokens += [_plain(token.replace(thousands[1], ""))]
            elif _DECIMAL.fullmatch(token):
                tokens += [_plain(token)]
            else:
                tokens += [part.lstrip("0") or "0" for part in re.split("[ .,]", token)]
        elif token in _STOP_TOKENS:
            continue
        elif kind == "cyrillic":
            tokens.append(_innermost_stem(token, russian))
        elif kind == "latin":
            tokens.append(english.stemWord(token))
        else:
            tokens.append(token)
    return tokens


def numbers_in(text: str) -> frozenset[str]:
    """The numbers of a text, as its search tokens have them."""
    return frozenset(token for token in lexical_tokens(text) if token[0].isdigit())


def fold(text: str) -> str:
    """The text in lower case, with one form of letters and apostrophes."""
    return unicodedata.normalize("NFKC", text).lower().translate(_FOLDED)


def _innermost_stem(word: str, stemmer: Stemmer) -> str:
    """Stem until the word no longer changes.

    Snowball mistakes the end of some base forms for an ending: "объём" loses "ем", "Хэйлунцзян" loses "н"; "объёма" and
    "Хэйлунцзяне" keep them. The innermost stem is the same for all forms; on XQuAD's Russian part it raises BM25's MRR from
    .943 to .950.
    """
    if len(word) > _LONGEST_WORD_CHARS:
        return word
    stem: str = stemmer.stemWord(word)
    return stem if stem == word else _innermost_stem(stem, stemmer)


def _plain(number: str) -> str:
    whole, _, fraction = number.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
