"""How an answer looks in a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from coopbot.cli import console
from coopbot.cli.asking import _print_answer
from coopbot.domain import Claim, Span
from tests.serve.test_wire import ANSWER, CITATION, QUOTE

_BOLD = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.S)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What `say` prints to a terminal that shows styles."""
    printed = io.StringIO()
    shown = Console(file=printed, force_terminal=True, color_system="standard", highlight=False, soft_wrap=True, emoji=False)
    monkeypatch.setattr(console, "_out", shown)
    return printed


def test_the_words_that_answer_are_bold_in_a_terminal(terminal: io.StringIO) -> None:
    _print_answer(ANSWER)
    assert _BOLD.findall(terminal.getvalue()) == ["10 июня 2022"]
    assert f"{QUOTE} [1]" in re.sub(r"\x1b\[\d+m", "", terminal.getvalue())


def test_nothing_is_bold_where_nothing_answers(terminal: io.StringIO) -> None:
    _print_answer(replace(ANSWER, outcome="no_evidence", claims=()))
    assert "\x1b" not in terminal.getvalue()


def test_quotes_cannot_steer_the_terminal_or_bring_markup(terminal: io.StringIO) -> None:
    quote = "\x1b]0;x\x07[red]It [/red]opened\x1b[2J in [bold]2022[/bold] :bomb:."
    start = quote.index("opened")
    citation = replace(CITATION, quote=quote, answer=Span(start_char=start, end_char=quote.index(" :bomb:")))
    _print_answer(replace(ANSWER, citations=(citation,), claims=(Claim(text=quote, citations=(1,)),)))
    assert _BOLD.findall(terminal.getvalue()) == ["opened\\u001b[2J in [bold]2022[/bold]"]
    assert "\\u001b]0;x\\u0007[red]It [/red]" in terminal.getvalue()
    assert terminal.getvalue().count("\x1b") == 2


def test_what_is_no_terminal_gets_plain_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_out", Console(highlight=False, soft_wrap=True, emoji=False))
    _print_answer(ANSWER)
    assert (
        capsys.readouterr().out
        == f"{QUOTE} [1]\n    from a Russian article\n\nSources\n[1] Мост · Вестник · undated\n    ru/most:40-73\n"
    )


def test_under_written_sentences_their_quotes_are_printed(terminal: io.StringIO) -> None:
    _print_answer(replace(ANSWER, claims=(Claim(text="Written otherwise.", citations=(1,)),)))
    assert "Written otherwise. [1]" in terminal.getvalue()
    assert f"    {QUOTE}" in terminal.getvalue()
