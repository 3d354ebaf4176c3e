"""Questions that ask two things at once: "when was it built and how long is it?"."""

from __future__ import annotations

import re
from itertools import pairwise

from coopbot.text.characters import HAN
from coopbot.text.measures import flatten
from coopbot.text.questions import question_words

# What separates the parts; in Chinese also a space.
_BETWEEN = re.compile(rf"[,;，；、。?？!—]|\b(?:and|plus|и|а|плюс)\b|以及|还有|[和并及又]|(?<=[{HAN}]) ", re.IGNORECASE)
# These separate parts without a question word, too: "capacity in 2024 plus the target for 2030".
_ALWAYS = re.compile(r"[;；?？](?=.*\w)|\b(?:plus|плюс)\b", re.IGNORECASE)
_LEAST_CHARS, _LEAST_HAN = 8, 4


def two_parts(question: str) -> tuple[str, ...]:
    """The two parts of a question, without what joins them; empty if it asks one thing."""
    text = flatten(question)
    words = list(question_words(text))
    joints = list(_ALWAYS.finditer(text))
    for one, other in pairwise(words):
        joints += reversed(list(_BETWEEN.finditer(text, one.end_char, other.start_char + 1)))
    for joint in joints:
        parts = (question[: joint.start()].strip(), question[joint.end() :].strip())
        if all(len(part) >= (_LEAST_HAN if re.search(f"[{HAN}]", part) else _LEAST_CHARS) for part in parts):
            return parts
    return ()
