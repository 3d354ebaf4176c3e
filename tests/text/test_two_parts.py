"""Questions that ask two things at once are taken apart, and both parts are quoted."""

from __future__ import annotations

import pytest

from coopbot.text.two_parts import two_parts


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("When was the bridge opened and how long is it?", ("When was the bridge opened", "how long is it?")),
        ("port of Zarubino: who signed, for how many tonnes", ("port of Zarubino: who signed", "for how many tonnes")),
        ("Line capacity in 2024 plus the target for 2030?", ("Line capacity in 2024", "the target for 2030?")),
        ("When was the line shut? What was the reason?", ("When was the line shut", "What was the reason?")),
        ("когда открыли мост и сколько он стоил", ("когда открыли мост", "сколько он стоил")),
        ("дата договора плюс когда пошёл газ", ("дата договора", "когда пошёл газ")),
        ("大桥哪年通车，全长多少米", ("大桥哪年通车", "全长多少米")),
        ("2024年进了多少螃蟹 占全国几成", ("2024年进了多少螃蟹", "占全国几成")),
        ("車票多少錢、幾點開船", ("車票多少錢", "幾點開船")),
        ("When was the bridge opened?", ()),
        ("How many lorries and buses crossed in 2024?", ()),
        ("Кто и когда построил мост?", ()),
        ("大桥通车了吗？", ()),
        ("", ()),
    ],
)
def test_a_question_is_taken_apart_where_it_asks_a_second_thing(question: str, parts: tuple[str, ...]) -> None:
    assert two_parts(question) == parts
