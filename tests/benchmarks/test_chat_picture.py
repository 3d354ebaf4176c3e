from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from telegram.constants import MessageEntityType

from benchmarks.telegram.chat_picture import draw_chat
from benchmarks.telegram.pictures import SHOWN, draw_pictures
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.parts import Block, join, marked, pack
from tests.serve.telegram_bot import make_answer

_SPACE = "{http://www.w3.org/2000/svg}"


def _texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{_SPACE}text")]


@pytest.mark.parametrize("sentence", ["Lorries <cross> the bridge & back. ", "Поезда идут по мосту. ", "列车过桥。🚂 "])
def test_all_that_a_message_says_is_in_the_picture(sentence: str) -> None:
    block = join([Block(text=sentence * 20), marked("the answer 🌉", MessageEntityType.BOLD)], "\n")
    svg = draw_chat("Why?", messages(pack([block]), Outgoing(key="x", chat_id=1)))
    drawn = re.sub(r"\s+", "", "".join(_texts(svg)))
    assert drawn == re.sub(r"\s+", "", f"Why?{block.text}")
    (bold,) = (element for element in ElementTree.fromstring(svg).iter(f"{_SPACE}tspan"))
    assert bold.text == "the answer 🌉"
    assert len(_texts(svg)) > 5


def test_a_picture_is_drawn_of_each_answer_with_its_buttons(tmp_path: Path) -> None:
    files = draw_pictures(make_answer, tmp_path)
    assert [file.stem for file in files] == list(SHOWN)
    for file in files:
        texts = _texts(file.read_text(encoding="utf-8"))
        assert any(text.startswith("⋯") for text in texts) == (file.stem != "context")
        assert "The bridge opened on 10 June 2022." in " ".join(" ".join(texts).split())
