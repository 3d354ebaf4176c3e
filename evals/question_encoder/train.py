"""Trains the encoder of questions and puts it into the package. A command that was interrupted continues where it stopped:

    python -m evals.question_encoder.train --qa QA --xquad XQUAD --out runs/questions

The encoder that embeds passages stays as it is, and so do indexes: low-rank updates make questions find what answers them, most
of all in other languages. Batches are of one table (invented news, XQuAD-R, our corpus, published sets); at the end
`questions.safetensors` and its card are written into the package.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from coopbot.index.model.prepare import ModelSource, source_folder
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder
from evals.learning_sets import build_indexes
from evals.question_encoder.network import QuestionEncoder, Searched
from evals.question_encoder.packaged import write_weights
from evals.question_encoder.tables import AskedOfTable, read_all
from evals.reader.lora import load_tokenizer

BATCH = 32
# How often the questions of each table are asked: the invented ones are ten times as many as the others.
_TIMES = (1, 3, 2, 1)
_WARM_UP, _LOG_EVERY, _CHECK_EVERY = 60, 100, 500
_CHECKED = 300
_CHECKED_SOURCES = {
    "invented": ("made-up-series", "made-up-sibling", "made-up-subject", "made-up-page", "made-up-trio"),
    "xquad": ("xquad",),
    "corpus": ("corpus",),
}


def main() -> None:
    arguments = _arguments()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    settings = load_settings()
    embedder = open_embedder(settings)
    folder = settings.index_dir / "cache" / "learn"
    indexes = build_indexes(arguments.xquad, folder, embedder)
    tables, asked = read_all(indexes, arguments.qa, arguments.xquad, folder / "published", embedder)
    source = source_folder(ModelSource.of(settings.model), settings.cache_dir)
    encoder = QuestionEncoder(source, arguments.rank, load_tokenizer(source), embedder.card)
    training = Training(encoder, [Searched(table) for table in tables], asked, arguments)
    training.run()
    write_weights(encoder.network.learned(), training.checks())


class Training:
    """Resumed from its state file if there is one."""

    def __init__(
        self, encoder: QuestionEncoder, tables: Sequence[Searched], asked: Sequence[AskedOfTable], arguments: argparse.Namespace
    ) -> None:
        self._encoder, self._tables, self._out, self._seed = encoder, tables, arguments.out, arguments.seed
        self._learned = [[one for one in asked if one.table == at and not one.held_out] for at in range(len(tables))]
        self._checked = _held_out(asked)
        self._updates = [value for name, value in encoder.named_parameters() if value.requires_grad and "network" in name]
        groups: list[dict[str, Any]] = [  # `Any`: torch's own
            {"params": self._updates},
            {"params": [encoder.sharpness, encoder.own_language], "lr": 5e-3},
        ]
        self._optimizer = torch.optim.AdamW(
            groups,
            weight_decay=0.01,
            betas=(0.9, 0.98),
        )
        self._rate, self._steps = arguments.rate, arguments.steps or arguments.rounds * len(self._batches(0))
        self._step, self._loss = 0, 0.0
        arguments.out.mkdir(parents=True, exist_ok=True)
        self._resume()

    def run(self) -> None:
        """Train for all rounds, checking now and then."""
        began, first = time.monotonic(), self._step
        for batch in self._remaining():
            self._learn(batch)
            if self._step % _LOG_EVERY == 0:
                pace = (time.monotonic() - began) / (self._step - first)
                self._log(f"step {self._step} of {self._steps} loss {self._loss:.3f} {pace:.2f} s a step")
            if self._step % _CHECK_EVERY == 0:
                self._check()
        self._check()

    def checks(self) -> list[str]:
        """The last check's lines."""
        lines = (self._out / "questions.log").read_text("utf-8").splitlines()
        return [line for line in lines if line.startswith(f"checked at {self._steps}:")]

    def _batches(self, number: int) -> list[tuple[int, list[AskedOfTable]]]:
        """The batches of one round: (table, questions of about one length)."""
        rng = random.Random(self._seed + number)
        batches = []
        for table, (questions, times) in enumerate(zip(self._learned, _TIMES, strict=True)):
            for _ in range(times):
                mixed = rng.sample(questions, len(questions))
                mixed.sort(key=lambda one: len(one.text) // 6)
                batches += [(table, mixed[start : start + BATCH]) for start in range(0, len(mixed), BATCH)]
        rng.shuffle(batches)
        return batches

    def _remaining(self) -> Iterator[tuple[int, list[AskedOfTable]]]:
        number = 0
        skipped = self._step
        left = self._steps - self._step
        while left > 0:
            batches = self._batches(number)
            for batch in batches[skipped : skipped + left]:
                left -= 1
                yield batch
            skipped, number = max(0, skipped - len(batches)), number + 1

    def _learn(self, batch: tuple[int, list[AskedOfTable]]) -> None:
        table, asked = batch
        self._optimizer.param_groups[0]["lr"] = (
            self._rate * min(1.0, (self._step + 1) / _WARM_UP) * max(0.02, 1 - self._step / self._steps)
        )
        loss = torch.stack([one.loss for one in self._tables[table].score(self._encoder, asked)]).mean()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(self._updates, 1.0)
        self._optimizer.step()
        self._loss = loss.item() if not self._loss else 0.98 * self._loss + 0.02 * loss.item()
        self._step += 1

    def _check(self) -> None:
        for name, asked in self._checked.items():
            with torch.no_grad():
                found = [
                    one
                    for start in range(0, len(asked), BATCH)
                    for one in self._tables[asked[0].table].score(self._encoder, asked[start : start + BATCH])
                ]
            figures = {
                "in the first 9": [one.rank < 9 for one in found],
                "first by tokens": [one.passage_late for one in found],
                "sentence by tokens": [one.sentence_late for one in found],
                "by cosine": [one.sentence_cosine for one in found],
            }
            text = ", ".join(f"{figure} {np.mean(values):.3f}" for figure, values in figures.items())
            self._log(f"checked at {self._step}: {name}, {len(found)} questions: {text}")
        state = {
            "learned": self._encoder.network.learned(),
            "scores": (self._encoder.sharpness.data, self._encoder.own_language.data),
            "optimizer": self._optimizer.state_dict(),
            "counters": (self._step, self._loss),
        }
        fresh = self._out / "questions.state.new"
        torch.save(state, fresh)
        fresh.replace(self._out / "questions.state.pt")

    def _resume(self) -> None:
        path = self._out / "questions.state.pt"
        if path.is_file():
            state = torch.load(path)
            self._encoder.network.load_learned(state["learned"])
            self._encoder.sharpness.data, self._encoder.own_language.data = state["scores"]
            self._optimizer.load_state_dict(state["optimizer"])
            self._step, self._loss = state["counters"]
            self._log(f"continues at {self._step}")

    def _log(self, line: str) -> None:
        print(line, flush=True)
        with (self._out / "questions.log").open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def _held_out(asked: Sequence[AskedOfTable]) -> dict[str, list[AskedOfTable]]:
    """Some of those held out, within the question's own language and across."""
    rng = random.Random(1)
    found = {}
    for name, sources in _CHECKED_SOURCES.items():
        own = [one for one in asked if one.held_out and one.source in sources]
        found[name] = rng.sample(own, min(_CHECKED, len(own)))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qa", type=Path, required=True, help="folder with CMRC, DRCD and SQuAD 2.0")
    parser.add_argument("--xquad", type=Path, required=True, help="folder with XQuAD-R")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--rank", type=int, default=32, help="of the updates")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--rounds", type=int, default=2, help="how often every question is learned from")
    parser.add_argument("--steps", type=int, default=0, help="batches in all, instead of whole rounds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
