"""Questions in languages other than the three, asked of the corpus with the real model."""

from __future__ import annotations

from pathlib import Path

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import Article
from coopbot.ingest.corpus.store import Corpus
from evals.measure.facts import Accepted, Quoted, is_right

ROOT = Path(__file__).parents[2]

HEIHE = ("10 June 2022", "10 июня 2022", "2022年6月10日")
TONGJIANG = ("16 November 2022", "16 ноября 2022", "2022年11月16日")
GAS = ("38 billion", "38 bcm", "38 млрд", "380亿")

# The question and what a right answer holds; nothing where the articles do not say.
ASKED = {
    "Wann wurde die Straßenbrücke zwischen Heihe und Blagoweschtschensk für Lastwagen geöffnet?": HEIHE,
    "黒河とブラゴヴェシチェンスクを結ぶ道路橋はいつ開通しましたか?": HEIHE,
    "헤이허와 블라고베셴스크를 잇는 다리는 언제 개통되었나요?": HEIHE,
    "متى افتتح جسر هيهي بلاغوفيشتشينسك؟": HEIHE,
    "¿Cuándo se abrió el puente ferroviario Tongjiang - Nizhneleninskoye?": TONGJIANG,
    "Коли відкрили залізничний міст Нижньоленінське — Тунцзян?": TONGJIANG,
    "Combien de gaz par an le gazoduc Force de Sibérie livre-t-il à la Chine ?": GAS,
    "Wie hoch ist der Eiffelturm?": (),
    "Quel temps fera-t-il demain à Marseille ?": (),
    "¿Quién ganó la liga española en 2019?": (),
    "Дархан хотын хүн ам хэд вэ?": (),
    "Thủ đô của Úc là gì?": (),
}


# Of the twelve. A near miss is on the subject: when works began instead of when the bridge opened.
_MOST_WRONG = 2


def test_questions_in_a_fourth_language_are_answered_rightly_or_refused(corpus_answerer: Answerer) -> None:
    texts = {one.article_id: one.text for one in Corpus(ROOT / "corpus") if isinstance(one, Article)}
    wrong = []
    for question, accepted in ASKED.items():
        answer = corpus_answerer.ask(question)
        assert all(texts[one.article_id][one.start_char : one.end_char] == one.quote for one in answer.citations)
        if answer.outcome == "answered" and not (
            accepted and is_right(Quoted(answer.citations[0].quote), [Accepted(words=accepted)])
        ):
            wrong.append(question)
    assert len(wrong) <= _MOST_WRONG, wrong
    assert all(ASKED[question] for question in wrong), "what no article speaks of is answered"
