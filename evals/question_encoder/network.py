"""The encoder of questions in training, and its loss: it is to find what answers among vectors that stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize
from transformers import PreTrainedTokenizerFast

from coopbot.domain import LANGUAGES
from coopbot.index.model.encoder import ModelCard
from coopbot.index.token_codes import decoder, rotation
from coopbot.index.types import I64
from evals.question_encoder.tables import AskedOfTable, Table
from evals.reader.lora import ReaderNetwork

# Passages that do not answer, of all the nearest ones, whose sentences and tokens are compared; and how many that answer.
_WRONG = 12
_RIGHT = 4
_MAX_TOKENS = 96

# Of four scores (passages by cosine and by late interaction, sentences by the same two): where inverse temperatures, and what
# a passage in the question's language gets less, begin. Near where they end.
_SHARPNESS = (45.0, 38.0, 22.0, 42.0)
_OWN_LANGUAGE = (-1.6, -1.1, -0.6, -0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The loss of one question; the rank of its best passage by cosine; whether, among the nearest passages, the best passage,
    the best sentence by late interaction and the best one by cosine are right.
    """

    loss: torch.Tensor
    rank: int
    passage_late: bool
    sentence_late: bool
    sentence_cosine: bool


class QuestionEncoder(nn.Module):
    """The frozen encoder with low-rank updates; questions become vectors as `understand` makes them."""

    def __init__(self, source: str, rank: int, tokenizer: PreTrainedTokenizerFast, card: ModelCard) -> None:
        super().__init__()
        self.network = ReaderNetwork(source, rank)
        self.network.head.requires_grad_(False)
        self.sharpness = nn.Parameter(torch.log(torch.tensor(_SHARPNESS)))
        self.own_language = nn.Parameter(torch.tensor(_OWN_LANGUAGE))
        self._tokenizer, self._prompt = tokenizer, card.query_prompt
        self._before = 1 + len(tokenizer(card.query_prompt, add_special_tokens=False)["input_ids"])
        self._token_mean = torch.from_numpy(card.token_mean)
        centres = [card.centres[language] for language in LANGUAGES]
        self._centre = torch.from_numpy(np.stack([one.question for one in centres]))
        self._token_centre = torch.from_numpy(np.stack([one.question_token for one in centres]))
        self._rotation = torch.from_numpy(rotation(card.dim))

    def forward(self, texts: Sequence[str], languages: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """((texts, dim), for each text (tokens, dim), rotated)."""
        coded = self._tokenizer(
            [self._prompt + text for text in texts], padding=True, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        )
        mask = coded["attention_mask"]
        states = self.network.encoder(input_ids=coded["input_ids"], attention_mask=mask).last_hidden_state.float()
        pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        vectors = normalize(normalize(pooled, dim=-1) - self._centre[languages], dim=-1)
        centred = normalize(states - self._token_mean, dim=-1) - self._token_centre[languages][:, None]
        tokens = normalize(centred, dim=-1) @ self._rotation
        return vectors, [own[self._before : int(count) - 1] for own, count in zip(tokens, mask.sum(1), strict=True)]


class Searched:
    """A table in tensors, searched by questions of one batch."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._pooled, self._languages = torch.from_numpy(table.pooled), torch.from_numpy(table.languages)
        self._sentences, self._codes = torch.from_numpy(table.sentences), torch.from_numpy(table.codes)
        self._decoder = torch.from_numpy(decoder(table.pooled.shape[1]))

    def score(self, encoder: QuestionEncoder, asked: Sequence[AskedOfTable]) -> list[Scored]:
        """Each question's loss, and what it finds."""
        languages = torch.tensor([one.language for one in asked])
        vectors, tokens = encoder([one.text for one in asked], languages)
        own = (self._languages == languages[:, None]).float()
        cosines = vectors @ self._pooled.T * encoder.sharpness[0].exp() + own * encoder.own_language[0]
        return [self._scored(encoder, *row) for row in zip(asked, vectors, tokens, cosines, strict=True)]

    def _scored(
        self, encoder: QuestionEncoder, asked: AskedOfTable, vector: torch.Tensor, tokens: torch.Tensor, cosines: torch.Tensor
    ) -> Scored:
        right = [place for place, _ in asked.right]
        places = right[:_RIGHT] + _nearest(cosines, right, _WRONG)
        sentences, owners = self._sentences_of(places)
        best = self._late(sentences, tokens)
        by_passage = [best[torch.from_numpy(owners == at)] for at in range(len(places))]
        passage_late = torch.stack([found.amax(0).mean() if len(found) else best.new_tensor(-1.0) for found in by_passage])
        own = (self._languages[torch.tensor(places)] == asked.language).float()
        answering = {self._table.first_sentence[place] + row for place, rows in asked.right for row in rows}
        is_right = torch.tensor([int(sentence) in answering for sentence in sentences])
        is_right_passage = torch.arange(len(places)) < len(right[:_RIGHT])
        scores = [
            (_scaled(encoder, 1, passage_late, own), is_right_passage),
            (_scaled(encoder, 2, self._sentences[torch.from_numpy(sentences)] @ vector, own[owners]), is_right),
            (_scaled(encoder, 3, best.mean(1), own[owners]), is_right),
        ]
        losses = [_missing(cosines, torch.tensor(right)), *(_missing(found, ok) for found, ok in scores if ok.any())]
        return Scored(
            loss=torch.stack(losses).sum(),
            rank=int((cosines > cosines[right].max()).sum()),
            passage_late=bool(is_right_passage[scores[0][0].argmax()]),
            sentence_cosine=bool(is_right[scores[1][0].argmax()]),
            sentence_late=bool(is_right[scores[2][0].argmax()]),
        )

    def _sentences_of(self, places: Sequence[int]) -> tuple[I64, I64]:
        """(numbers of all their sentences that have tokens, for each the index in `places` of its passage)."""
        first, counts = self._table.first_sentence, np.diff(self._table.first_token)
        ranges = [np.arange(first[place], first[place + 1]) for place in places]
        sentences, owners = np.concatenate(ranges), np.repeat(np.arange(len(places)), [len(own) for own in ranges])
        having = counts[sentences] > 0
        return sentences[having], owners[having]

    def _late(self, sentences: I64, tokens: torch.Tensor) -> torch.Tensor:
        """(sentences, question tokens): the best cosine of each token of the question."""
        first = self._table.first_token
        ranges = [np.arange(first[sentence], first[sentence + 1]) for sentence in sentences]
        codes = self._codes[torch.from_numpy(np.concatenate(ranges))]
        decoded = self._decoder[codes.long()].reshape(len(codes), -1)
        return torch.segment_reduce(decoded @ tokens.T, "max", lengths=torch.tensor([len(own) for own in ranges]), axis=0)


def _nearest(cosines: torch.Tensor, right: Sequence[int], count: int) -> list[int]:
    """The nearest passages that do not answer."""
    others = cosines.detach().clone()
    others[list(right)] = -torch.inf
    found: list[int] = others.topk(min(count, len(others) - len(right))).indices.tolist()
    return found


def _scaled(encoder: QuestionEncoder, score: int, values: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """score: which of the four. own: 1 where the passage is in the question's language."""
    return values * encoder.sharpness[score].exp() + own * encoder.own_language[score]


def _missing(scores: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Minus the log of what share of a softmax the right ones get."""
    return torch.logsumexp(scores, 0) - torch.logsumexp(scores[right], 0)
