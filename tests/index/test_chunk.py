from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coopbot.index.chunk import chunk
from coopbot.text.sentences import split_sentences
from tests.fakes import make_article


def words(text: str) -> int:
    return len(text.split())


SENTENCE = "One two three four five."


def test_short_paragraphs_share_a_passage_and_offsets_are_exact() -> None:
    article = make_article("a", f"{SENTENCE} {SENTENCE}\n\n{SENTENCE}")
    (passage,) = chunk(article, words, max_tokens=20)
    assert passage.text == article.text == article.text[passage.start_char : passage.end_char]
    assert [article.text[s.start_char : s.end_char] for s in passage.sentences] == [SENTENCE] * 3


def test_a_passage_ends_with_its_paragraph_when_the_next_does_not_fit() -> None:
    article = make_article("a", f"{SENTENCE} {SENTENCE} {SENTENCE}\n\n{SENTENCE} {SENTENCE}")
    first, second = chunk(article, words, max_tokens=22)
    assert first.text.count("One") == 3
    assert second.text.count("One") == 2


def test_headings_are_paths_and_not_sentences() -> None:
    article = make_article("a", f"{SENTENCE}\n\n## Rail\n\n{SENTENCE}\n\n### Bridge\n\n{SENTENCE}\n\n## Road\n\n{SENTENCE}")
    passages = chunk(article, words)
    assert [p.heading_path for p in passages] == [(), ("Rail",), ("Rail", "Bridge"), ("Road",)]
    assert all(p.text == SENTENCE for p in passages)


def test_a_sentence_too_long_for_the_model_is_cut_at_separators_and_nothing_is_lost() -> None:
    text = "слово, " * 900 + "конец."
    passages = chunk(make_article("a", text, language="ru"), words)
    pieces = [text[s.start_char : s.end_char] for p in passages for s in p.sentences]
    assert max(map(words, pieces)) <= 400
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_text_without_separators_is_cut_too() -> None:
    text = "字" * 1500
    passages = chunk(make_article("a", text, language="zh"), len)
    assert max(len(p.text) for p in passages) <= 400
    assert "".join(p.text for p in passages) == text


def test_passage_ids_are_unique_and_contain_the_offsets() -> None:
    article = make_article("en/a", "\n\n".join([f"{SENTENCE} " * 10] * 5))
    passages = chunk(article, words, max_tokens=60)
    assert len({p.passage_id for p in passages}) == len(passages) > 1
    assert passages[0].passage_id == f"en/a:0-{passages[0].end_char}"


@given(st.text(alphabet="аб bc。.!？\n#桥河 1,5", max_size=400), st.integers(min_value=1, max_value=40))
def test_every_sentence_is_in_exactly_one_passage(text: str, max_tokens: int) -> None:
    article = make_article("a", text)
    passages = chunk(article, words, max_tokens=max_tokens)
    spans = [span for passage in passages for span in passage.sentences]
    expected = [s for s in split_sentences(text) if not text[s.start_char : s.end_char].startswith("#")]
    assert spans == expected
    for passage in passages:
        assert article.text[passage.start_char : passage.end_char] == passage.text
        assert passage.start_char == passage.sentences[0].start_char
        assert passage.end_char == passage.sentences[-1].end_char


def test_the_tokens_of_a_very_long_sentence_are_counted_in_parts_only() -> None:
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(len(text))
        return len(text)

    passages = chunk(make_article("a", "&" * 200_000), count)
    assert sum(len(passage.text) for passage in passages) == 200_000
    assert max(counted) <= 8_000


def test_the_largest_article_is_read_a_few_times_and_makes_a_bounded_number_of_passages() -> None:
    """The work that the times of docs/articles.md rest on; tests/soak/test_times.py has the times."""
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return len(text) // 3

    article = make_article("a", ("bridge river cargo freight customs trade " * 15_000)[:600_000])
    passages = chunk(article, count)
    assert counted <= 6 * len(article.text)
    assert len(passages) <= 1_100
