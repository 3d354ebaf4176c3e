"""Questions that name something and ask nothing of it: "Zarubino port", "tell me about the Heihe bridge".

Any sentence that says all that the question says is to the point.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from coopbot.ask.coverage import Mask, Sought, said_by, sought_in
from coopbot.ask.expected import expected
from coopbot.text.gazetteer import find_names
from coopbot.text.notes import SentenceNotes

_OPENING = re.compile(
    r"^\W*(?:(?:(?:please|can you|could you),? )*tell (?:me|us) (?:more |something )?about|what is known (?:of|about)"
    r"|(?:information|news) (?:on|about|of)"
    r"|(?:пожалуйста,? )?(?:рас)?скажи(?:те)?(?: мне| нам|,? пожалуйста,?)* (?:про|о(?:бо?)?)|что известно (?:про|о(?:бо?)?)"
    r"|(?:информация|новости|вс[её]) (?:про|о(?:бо?)?)"
    r"|(?:请|能)*(?:给我)?(?:介绍|说说|讲讲|谈谈|说|讲|谈)(?:一下|一讲)?|关于)(?![a-zа-яё])\s*",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:why|how|who|whom|whose|where|when|which|what|whether)\b"
    r"|^\W*(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would)\b"
    r"|\b(?:почему|зачем|как|кто|кого|кому|кем|что|где|куда|откуда|когда|чей|чья|ли|сколько|как(?:ой|ая|ое|ие|ого|ую|их))\b"
    r"|[吗呢谁哪几]|为何|怎么|如何|是否|是不是|有没有|多少|什么",
    re.IGNORECASE,
)
# What may be said beside a name, as it tells what kind of thing it is of: ids of the glossary.
_KINDS_OF_THING = frozenset({
    "association", "border", "border-crossing", "bridge", "cable", "canal", "chinese", "city", "commission", "complex",
    "container", "cooperation", "council", "customs", "exhibition", "forum", "free-trade-zone", "gas", "international",
    "island", "joint", "laboratory", "lake", "new", "oil", "park", "pipeline", "plant", "port", "project", "rail",
    "region", "river", "road", "road-link", "russian", "sea", "station", "tunnel", "university",
})  # fmt: skip


def topic_of(question: str) -> tuple[Sought, ...]:
    """What a question names, if that is all it does; else nothing."""
    rest = _OPENING.sub("", question.strip())
    if _ASKING.search(rest) or not (names := find_names(rest)) or expected(rest).kind != "other":
        return ()
    sought = sought_in(rest)
    known = tuple(one for one in sought if one.meanings & (names | _KINDS_OF_THING))
    return known if all(one in known or _is_seam(one.word, known) for one in sought) else ()


def saying_all(topic: Sequence[Sought], notes: Sequence[SentenceNotes]) -> Mask:
    """(sentences,): which of them say everything of a topic."""
    every: Mask = np.all(said_by(topic, notes), axis=0)
    return every


def _is_seam(bigram: str, known: Sequence[Sought]) -> bool:
    """Whether two Chinese characters stand together only as the end of one known word and the beginning of the next."""
    if len(bigram) != 2:
        return False
    return any(one.word.endswith(bigram[0]) for one in known) and any(one.word.startswith(bigram[1]) for one in known)
