"""Names for article files: readable ASCII from the title, or date and hash if the script has no simple transliteration."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from coopbot.ingest.draft import Draft

_LONGEST_SLUG = 60
_FEWEST_LETTERS = 3
# Chinese titles cannot be romanised without a dictionary.
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya".replace("_", "").split(" "),
        strict=True,
    )
)


def slug_of(draft: Draft) -> str:
    """An ASCII name for the draft's file, such as `most-cherez-amur`; for Chinese `2025-05-10-1f0c3a9b`."""
    letters = "".join(_LATIN.get(char, char) for char in draft.title.lower())
    ascii_letters = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_letters.replace("'", "")).strip("-")
    if draft.language == "zh" or sum(map(str.isalpha, slug)) < _FEWEST_LETTERS:
        digest = hashlib.sha256(draft.text.encode()).hexdigest()[:8]
        return f"{draft.published or 'undated'}-{digest}"
    return slug if len(slug) <= _LONGEST_SLUG else slug[: _LONGEST_SLUG + 1].rpartition("-")[0] or slug[:_LONGEST_SLUG]
