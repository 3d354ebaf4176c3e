"""Normalises characters and lines: the form of every text in the corpus, whatever its source.

The normal form: NFC, no control or zero-width characters, one line per paragraph, blank lines between paragraphs, single
spaces. `normal_form` is idempotent, so that a stored text is read back unchanged.
"""

from __future__ import annotations

import re
from functools import reduce
from itertools import pairwise

from wcwidth import wcswidth

from coopbot.text.characters import HAN, plain_characters

_SPACES = re.compile(r"[^\S\n]+")

HEADING = "## "  # starts a paragraph that is a heading
# A line break between two of these does not stand for a space.
_WIDE = re.compile(f"[{HAN}\u3000-\u303f\uff00-\uffef]")
_SENTENCE_ENDS = tuple(".!?…。！？")
CLOSERS = "\"'”’»)]）】』」〉》›"

_FIRST_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？])")
_LONGEST_TITLE = 120

# Printed columns. Wider lines are not hand-wrapped; narrower ones are not prose.
_WIDEST_WRAP = 130
_NARROWEST_WRAP = 40
_FULL_LINE = 0.7
_PARAGRAPH_INDENT = 2
_WRAPPED_PARAGRAPHS = 2  # with this many, the whole page counts as wrapped


def one_line(text: str) -> str:
    """The text on one line with single spaces, trimmed. A line break between Han characters becomes no space."""
    lines = [_SPACES.sub(" ", line).strip() for line in plain_characters(text).split("\n")]
    return reduce(join_lines, filter(None, lines)) if any(lines) else ""


def normal_form(text: str) -> str:
    """The text in normal form. Lines without a blank line between them are one paragraph."""
    return "\n\n".join(filter(None, map(one_line, re.split(r"\n[^\S\n]*\n", plain_characters(text)))))


def repair(text: str) -> str:
    """Repairs mojibake and stray HTML entities in copied or extracted text; keeps quotes and full-width forms."""
    import ftfy

    config = ftfy.TextFixerConfig(uncurl_quotes=False, fix_character_width=False, normalization="NFC")
    return plain_characters(ftfy.fix_text(text, config))


def join_lines(left: str, right: str) -> str:
    """Joins two lines of one paragraph."""
    if left.endswith("-") and len(left) > 1 and left[-2].isalpha() and right[:1].isalpha():
        return left + right
    if _WIDE.match(left[-1]) and _WIDE.match(right[0]):
        return left + right
    return f"{left} {right}"


def ends_sentence(text: str) -> bool:
    """Whether the text ends a sentence, closing quotes and brackets aside."""
    return text.rstrip(CLOSERS + " ").endswith(_SENTENCE_ENDS)


def opening(text: str) -> str:
    """The first sentence, cut to title length: the title of a text without one."""
    first = _FIRST_SENTENCE.match(text)
    sentence = first[0] if first else text
    if len(sentence) <= _LONGEST_TITLE:
        return sentence
    cut = sentence[:_LONGEST_TITLE]
    return (cut.rpartition(" ")[0] or cut) + "…"


def shortened(title: str, longest: int) -> str:
    """The title; only its opening when it is longer than any title."""
    return title if len(title) <= longest else opening(title)


def columns(text: str) -> int:
    """Printed width of a text without control characters; a Han or other wide character takes two columns."""
    return wcswidth(text)


def line_groups(text: str) -> list[list[str]]:
    """A page's blocks, one line each, grouped by blank lines or indents; hand-wrapped lines are joined."""
    runs: list[list[str]] = []
    for part in re.split(r"\n[^\S\n]*\n", plain_characters(text)):
        filled = [line.replace("\u3000", "  ") for line in part.split("\n") if line.strip()]
        indents = [len(line) - len(line.lstrip()) for line in filled]
        margin = min(indents, default=0)
        for number, (line, indent) in enumerate(zip(filled, indents, strict=True)):
            if number == 0 or indent >= margin + _PARAGRAPH_INDENT:
                runs.append([])
            runs[-1].append(_SPACES.sub(" ", line).strip())
    wraps = sorted(max(map(columns, run)) for run in runs if _is_wrapped(run))
    width = wraps[len(wraps) // 2] if len(wraps) >= _WRAPPED_PARAGRAPHS else 0
    return [_unwrap(run) if _is_wrapped(run, width) else _join_broken(run) for run in runs]


def _is_wrapped(lines: list[str], page_width: int = 0) -> bool:
    """Whether most lines are about equally long and break in mid-sentence; on a wrapped page, only whether they are long."""
    if len(lines) < 2 or not ends_sentence(lines[-1]):
        return False
    widths = [columns(line) for line in lines]
    widest = max(widths)
    if not _NARROWEST_WRAP <= widest <= _WIDEST_WRAP:
        return False
    full = sum(width >= _FULL_LINE * widest for width in widths[:-1]) >= 0.7 * len(lines[:-1])
    if _FULL_LINE * page_width < widest <= page_width + 2:
        return full
    broken_off = sum(not ends_sentence(line) for line in lines[:-1]) >= 0.5 * len(lines[:-1])
    return full and broken_off and (len(lines) > 2 or lines[1][0].islower() or bool(_WIDE.match(lines[1])))


def _join_broken(lines: list[str]) -> list[str]:
    """The lines, each joined with the next if that continues in lower case."""
    joined: list[str] = []
    for line in lines:
        goes_on = line[0].islower() and (ends_sentence(line) or columns(line) >= _NARROWEST_WRAP)
        if joined and goes_on and columns(joined[-1]) >= _NARROWEST_WRAP and joined[-1][-1].isalpha():
            joined[-1] = join_lines(joined[-1], line)
        else:
            joined.append(line)
    return joined


def _unwrap(lines: list[str]) -> list[str]:
    """The paragraphs of wrapped lines; a short line that ends a sentence ends its paragraph."""
    widest = max(map(columns, lines))
    paragraphs = [lines[0]]
    for previous, line in pairwise(lines):
        if ends_sentence(previous) and columns(previous) < _FULL_LINE * widest:
            paragraphs.append(line)
        else:
            paragraphs[-1] = join_lines(paragraphs[-1], line)
    return paragraphs
