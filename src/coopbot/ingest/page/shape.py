"""The shape of a line regardless of its meaning: script, weight, punctuation, separators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from coopbot.ingest.page.vocabulary import phrases_in, word_set
from coopbot.ingest.tidy import CLOSERS, ends_sentence
from coopbot.text.characters import HAN

Script = Literal["latin", "cyrillic", "han"]

_LETTERS: dict[Script, re.Pattern[str]] = {
    "latin": re.compile("[A-Za-z\u00c0-\u024f]+"),
    "cyrillic": re.compile("[\u0400-\u04ff]+"),
    "han": re.compile(f"[{HAN}]+"),
}
PAGE_NUMBER = re.compile(r"\W*(?:page|стр\.?|страница|第)?\s*\d{1,4}\s*(?:页|(?:of|из|/)\s*\d{1,4}|/?共\s*\d+\s*页)?\W*", re.I)
"""A whole line of a paged document that is only its number."""
# A Han character carries about as much text as three letters.
_LETTERS_PER_HAN = 3

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s|$)|[。！？]")
_SHOUT = re.compile(rf"[?!？！][{re.escape(CLOSERS)}]*$")
_DASHES = ("—", "–", "- ")  # a line of dialogue
_CLAUSE_MARK = re.compile(r"[,，;；、:：]")
_SEPARATOR = re.compile(r"\s(?:[-–—·•∙»›]|>>)\s|\s?[|｜丨/\\>_]\s?|\t|\s{2,}")
_DASH = re.compile(r"\s[-–—]\s")
_LABELLED_FIGURE = re.compile(r"[^\W\d_][^:：。]{1,40}[:：]\s?[^:：。]{0,20}\d[^:：。]{0,40}")
_MARKER = re.compile(
    r"(?:[•▪●◦‣■□◆★*+–—-]|\(?\d{1,2}[.)、）]|[（(][一二三四五六七八九十]{1,3}[）)]|[一二三四五六七八九十]{1,3}、|[①-⑳])\s*(?=\S)"
)

# NAME/AGENCY, alone on a line or after its last sentence.
_CREDIT_IN_CAPITALS = re.compile(
    r"^\W*[^\da-zа-яё.!?一-鿿]{3,40}/[^\da-zа-яё.!?一-鿿]{3,40}\W*$"
    r"|[.!?][\"”]? [A-Z][A-Z. '-]{3,40} ?/ ?[A-Z][A-Z .'-]{2,40}\W*$"
)

# Function words of Chinese; those of English and Russian are in the vocabulary.
_FUNCTION_HAN = frozenset("的了在是和与及等对为将有不也以并从中上到就都而其之所这该个")

SHORTEST_PROSE = 8  # letters: shortest text with a full stop that counts as a sentence
SHORTEST_LEAD_IN = 15  # letters before the colon that introduces a list
LONGEST_SHOUT = 120  # letters: a single question or exclamation up to this length is as often a title or teaser as a paragraph
SURE_PROSE = 24  # letters: shortest sentence with other punctuation; buttons and teasers use "?" and "!" too
UNSTOPPED_PROSE = 120  # letters: shortest text without any full stop
STRONG_PROSE = 120  # letters: with two sentences, a paragraph rather than a teaser


@lru_cache(maxsize=16)  # classifying a block asks for the weights of one text several times
def weights(text: str) -> Mapping[Script, int]:
    """The text's letters in each script; a Han character counts as three."""
    counts: dict[Script, int] = {script: sum(map(len, runs.findall(text))) for script, runs in _LETTERS.items()}
    counts["han"] *= _LETTERS_PER_HAN
    return counts


def weight(text: str) -> int:
    """Length in letters; a Han character counts as three."""
    return sum(weights(text).values())


def main_script(texts: list[str]) -> Script:
    """The main script of the texts that are prose; keyword lists do not count."""
    total: dict[Script, int] = {"latin": 0, "cyrillic": 0, "han": 0}
    for text in [text for text in texts if is_prose(text) and not is_spam(text)] or texts:
        for script, count in weights(text).items():
            total[script] += count
    return max(total, key=lambda script: total[script])


def is_foreign(text: str, script: Script) -> bool:
    """Whether little of the text is in the given script."""
    counts = weights(text)
    return counts[script] < 0.3 * sum(counts.values())


def words(text: str) -> list[str]:
    """Words of alphabetic scripts and runs of Han characters, in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def sentence_count(text: str) -> int:
    """The number of sentence ends in the text."""
    return len(_SENTENCE_END.findall(text))


def is_prose(text: str) -> bool:
    """Whether the text contains a whole sentence, or is the lead-in to a list."""
    size = weight(text)
    if size < SHORTEST_PROSE or is_link_list(text):
        return False
    word_count = size // _LETTERS_PER_HAN if weights(text)["han"] else len(words(text))
    if text.rstrip(CLOSERS).endswith((".", "。")) or (text.startswith(_DASHES) and ends_sentence(text)):
        return word_count >= 2
    if text.endswith((":", "：")):
        return word_count >= 2 and size >= SHORTEST_LEAD_IN
    if _SHOUT.search(text) and sentence_count(text) == 1 and size <= LONGEST_SHOUT:
        return False
    if ends_sentence(text) or text.endswith((";", "；", ",", "，")):
        return word_count >= 4 and size >= SURE_PROSE
    if sentence_count(text):
        return size >= 3 * SURE_PROSE
    # Without a full stop, as aggregators truncate it, prose still has clauses and function words.
    if size < UNSTOPPED_PROSE or len(_CLAUSE_MARK.findall(text)) < 2:
        return False
    if weights(text)["han"]:
        return sum(char in _FUNCTION_HAN for char in text) >= 0.03 * size / _LETTERS_PER_HAN
    found = words(text)
    return sum(word in word_set("function_words") for word in found) >= 0.12 * len(found)


def is_strong(text: str) -> bool:
    """Whether the text is certainly a paragraph: long with at least two sentences, or one very long sentence."""
    size = weight(text)
    return is_prose(text) and ((size >= STRONG_PROSE and sentence_count(text) >= 2) or size >= 2 * STRONG_PROSE)


def separators(text: str) -> int:
    """The number of separators in the text, as in menus, link lists and table rows."""
    return len(_SEPARATOR.findall(text))


def is_link_list(text: str) -> bool:
    """Whether the text is short pieces separated by bars, slashes, arrows or spaces, without sentences."""
    sentences, bars = sentence_count(text), separators(text)
    if sentences and ends_sentence(text) and len(_DASH.findall(text)) == bars:
        return False  # dashes join names in prose: "between Heihe — Blagoveshchensk and Tongjiang — Nizhneleninskoye."
    if sentences > bars / 4 or (sentences and sentences + len(_CLAUSE_MARK.findall(text)) >= bars):
        return False
    pieces = [piece for piece in _SEPARATOR.split(text) if piece and piece.strip()]
    if len(pieces) >= 3:
        return sum(map(weight, pieces)) / len(pieces) <= 75
    han_pieces = [piece for piece in text.split() if _LETTERS["han"].search(piece)]
    return len(han_pieces) >= 4 and not re.search("[。！？，]", text) and len(text.split()) < 1.5 * len(han_pieces)


def is_table_row(text: str) -> bool:
    """Whether at least half of a line's words, or of its cells between bars, have digits, or it is a label with a figure."""
    if _LABELLED_FIGURE.fullmatch(text) and not ends_sentence(text):
        return True
    cells = [cell for cell in re.split(r"[|｜]", text) if cell.strip()]
    if len(cells) < 2:
        cells = text.split()
    with_figures = sum(any(map(str.isdigit, cell)) for cell in cells)
    return with_figures >= 2 and with_figures >= len(cells) / 2 and not ends_sentence(text)


def is_credit_in_capitals(text: str) -> bool:
    """Whether the line is a picture credit in capitals, NAME/AGENCY, or ends with one."""
    return bool(_CREDIT_IN_CAPITALS.search(text))


def is_list_item(text: str) -> bool:
    """Whether the line starts with a bullet or an item number."""
    return bool(_MARKER.match(text)) and weight(text) >= 6


def is_soup(text: str) -> bool:
    """Whether the text is a run of keywords: long, without sentences or function words."""
    size = weight(text)
    if size < 90 or sentence_count(text):
        return False
    if weights(text)["han"] > size / 2:
        function_rate = sum(char in _FUNCTION_HAN for char in text) / max(1, size / _LETTERS_PER_HAN)
        return size >= 120 and not _CLAUSE_MARK.search(text) and function_rate < 0.08
    found = words(text)
    pieces = [piece for piece in re.split(r"[,;|/]", text) if piece.strip()]
    function_rate = sum(word in word_set("function_words") for word in found) / len(found)
    short_pieces = len(pieces) >= 6 and len(found) / len(pieces) <= 4
    return function_rate < 0.08 and (len(found) >= 14 or short_pieces)


def is_spam(text: str) -> bool:
    """Whether the text is dense with words of gambling, pornography, drug and loan spam."""
    strong = phrases_in(text, "spam_strong")
    if not strong:
        return False
    weak = phrases_in(text, "spam_weak")
    score = 2 * len(strong) + len(weak)
    if score < 4 or len(set(strong + weak)) < 2:
        return False
    if weights(text)["han"] > weight(text) / 2:
        crowded = (sum(map(len, strong)) * 1.5 + sum(map(len, weak))) / max(1, weights(text)["han"] / _LETTERS_PER_HAN)
    else:
        crowded = score / len(words(text))
    return crowded >= (0.34 if sentence_count(text) else 0.22)
