"""A question and its answer as a picture of a chat, in SVG, drawn from the messages that the bot sends."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from coopbot.serve.telegram.outgoing import Outgoing
from coopbot.serve.telegram.parts import Part

_WIDTH, _BUBBLE, _SIZE, _LINE, _PAD = 560, 470, 15, 21, 12
_QUOTE_INDENT = 14
_BUTTON_HEIGHT, _BUTTON_GAP = 34, 4
_FONT = "-apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
_QUOTES = ("blockquote", "expandable_blockquote")
_STYLES = {
    "bold": 'font-weight="600"',
    "italic": 'font-style="italic"',
    "underline": 'text-decoration="underline"',
    "text_link": 'fill="#1c75bb"',
}
# A line may break after each of these: a word with the space after it, or one Chinese character.
_PIECES = re.compile(r"[^ \t\u2e80-\u9fff\uff00-\uffef]+[ \t]*|[ \t]+|.", re.DOTALL)

# Characters, each with the types of the entities that cover it.
_Styled = list[tuple[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters in one style."""

    text: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of text that fits into the width of a bubble."""

    runs: tuple[_Run, ...]
    quoted: bool


def draw_chat(question: str, messages: Sequence[Outgoing]) -> str:
    """An SVG document: the question, and below it the messages with their buttons."""
    drawn, y = [], _PAD
    asked = _lines(Part(text=question))
    drawn.append(_bubble(asked, _WIDTH - _BUBBLE - _PAD, y, "#e3f6d3"))
    y += _height(asked) + _PAD
    for message in messages:
        lines = _lines(message.content)
        drawn.append(_bubble(lines, _PAD, y, "#ffffff"))
        y += _height(lines) + _BUTTON_GAP
        rows = message.keyboard.inline_keyboard if message.keyboard else ()
        for row in rows:
            drawn.append(_buttons([button.text for button in row], y))
            y += _BUTTON_HEIGHT + _BUTTON_GAP
        y += _PAD - _BUTTON_GAP
    frame = f'<rect width="{_WIDTH}" height="{y}" fill="#c8d9e6"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}"'
    return "\n".join([f'{head} font-family="{_FONT}" font-size="{_SIZE}">', frame, *drawn, "</svg>\n"])


def _bubble(lines: Sequence[_Line], x: int, y: int, fill: str) -> str:
    shapes = [f'<rect x="{x}" y="{y}" width="{_BUBBLE}" height="{_height(lines)}" rx="12" fill="{fill}"/>']
    for first, last in _quoted_ranges(lines):
        top, height = y + _PAD + first * _LINE - 4, (last - first) * _LINE + 6
        shapes.append(f'<rect x="{x + _PAD}" y="{top}" width="{_BUBBLE - 2 * _PAD}" height="{height}" rx="4" fill="#e8f1f8"/>')
        shapes.append(f'<rect x="{x + _PAD}" y="{top}" width="3" height="{height}" fill="#1c75bb"/>')
    for number, line in enumerate(lines):
        left = x + _PAD + (_QUOTE_INDENT if line.quoted else 0)
        runs = "".join(_span(run) for run in line.runs)
        shapes.append(f'<text x="{left}" y="{y + _PAD + number * _LINE + _SIZE}" xml:space="preserve">{runs}</text>')
    return "\n".join(shapes)


def _buttons(labels: Sequence[str], y: int) -> str:
    width = (_BUBBLE - _BUTTON_GAP * (len(labels) - 1)) / len(labels)
    shapes = []
    for place, label in enumerate(labels):
        x = _PAD + place * (width + _BUTTON_GAP)
        shapes.append(
            f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="{_BUTTON_HEIGHT}" rx="8" fill="#7d98ad"/>'
            f'<text x="{x + width / 2:.0f}" y="{y + 22}" text-anchor="middle" fill="#ffffff">{escape(label)}</text>'
        )
    return "\n".join(shapes)


def _span(run: _Run) -> str:
    styles = " ".join(style for kind, style in _STYLES.items() if kind in run.kinds)
    return f"<tspan {styles}>{escape(run.text)}</tspan>" if styles else escape(run.text)


def _height(lines: Sequence[_Line]) -> int:
    return len(lines) * _LINE + 2 * _PAD


def _quoted_ranges(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of each run of quoted lines."""
    first: int | None = None
    for number, line in enumerate([*lines, _Line((), quoted=False)]):
        if line.quoted and first is None:
            first = number
        elif not line.quoted and first is not None:
            yield first, number
            first = None


def _lines(part: Part) -> list[_Line]:
    """The text, wrapped to the width of the bubble."""
    kinds = _kinds(part)
    lines, start = [], 0
    for line in part.text.split("\n"):
        styled = list(zip(line, kinds[start : start + len(line)], strict=True))
        inside = kinds[start] if start < len(kinds) else frozenset()  # an empty line is quoted if its line break is
        quoted = any(kind in inside for kind in _QUOTES)
        width = _BUBBLE - 2 * _PAD - (_QUOTE_INDENT * 2 if quoted else 0)
        lines += [_Line(tuple(_runs(piece)), quoted) for piece in _wrapped(styled, width)]
        start += len(line) + 1
    return lines


def _kinds(part: Part) -> list[frozenset[str]]:
    """For each character, the types of the entities that cover it."""
    starts, units = [], 0
    for character in part.text:
        starts.append(units)
        units += 2 if ord(character) > 0xFFFF else 1
    return [
        frozenset(str(one.type) for one in part.entities if one.offset <= start < one.offset + one.length) for start in starts
    ]


def _wrapped(styled: _Styled, width: float) -> Iterator[_Styled]:
    line: _Styled = []
    line_width, at = 0.0, 0
    for piece in _PIECES.findall("".join(character for character, _ in styled)):
        visible_width = sum(_width(character) for character in piece.rstrip()) * _SIZE
        if line and line_width + visible_width > width:
            yield line
            line, line_width = [], 0.0
        line += styled[at : at + len(piece)]
        line_width += sum(_width(character) for character in piece) * _SIZE
        at += len(piece)
    yield line


def _runs(styled: _Styled) -> Iterator[_Run]:
    text = ""
    for place, (character, kinds) in enumerate(styled):
        text += character
        if place + 1 == len(styled) or styled[place + 1][1] != kinds:
            yield _Run(text, kinds)
            text = ""


def _width(character: str) -> float:
    """Rough width of a character in units of the font size; too wide rather than too narrow."""
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.02
    if character.isspace():
        return 0.3
    if character.isupper() or character in "—мшщжюыф":
        return 0.75
    return 0.58
