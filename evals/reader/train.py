"""Trains one stage of the reader; `recipe.sh` runs all in order. A stage that was interrupted continues where it stopped:

    python -m evals.reader.train general --qa QA --xquad XQUAD --out runs/reader

`general` trains on published data sets, `domain` continues with our invented news and our corpus, `compare` with several
passages per question, as when answering, `longer` with longer ones, `paired` with two texts on one story, of which only one
answers, `subjects` with three, in three languages, `disputed` with texts that give different answers, `siblings` with several
things of one kind, `series` with one thing at several times, in passages as answering cuts them, `trios` with one matter in
three languages, likewise, `opened` with passages of other stories too, as answering finds them, `loose` with questions as
people type them, `mixed` with all of these, `across` with more of XQuAD-R, `parallel` with translated news besides, and
`basics`, which `recipe.sh` leaves out, with what people ask first. Each writes `<stage>.pt` (the best by held-out questions
until the stage has ended, then the last), `<stage>.state.pt` (where to continue) and `<stage>.log`. Where the stage before left
no checkpoint, it begins with the weights of the package.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from coopbot.index.model.prepare import ModelSource, source_folder
from coopbot.index.model.updates import READER_FILE
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder
from evals.reader.checking import check
from evals.reader.encode import CodedText, Coder, in_batches, to_batch
from evals.reader.examples import Example, is_held_out
from evals.reader.lora import ReaderNetwork, load_tokenizer
from evals.reader.losses import loss_of
from evals.reader.sources import EXAMPLES
from evals.reader.weights_file import MODEL_FOLDER, packaged_updates

PACKAGED = MODEL_FOLDER / READER_FILE
CHECK_EVERY_TEXTS = 8_000
CHECKED = 200
SEED = 7

Coded = tuple[Example, list[CodedText]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of training. texts: total number of question-text pairs. rate: peak learning rate.

    batch_tokens: padded tokens of a batch.
    """

    name: str
    texts: int
    rate: float
    max_tokens: int
    start_from: str | None = None
    batch_tokens: int = 4096


STAGES = {
    "general": Stage(name="general", texts=12_000, rate=8e-4, max_tokens=208),
    "domain": Stage(name="domain", texts=16_000, rate=5e-4, max_tokens=288, start_from="general"),
    "compare": Stage(name="compare", texts=54_000, rate=4e-4, max_tokens=288, start_from="domain"),
    "longer": Stage(name="longer", texts=24_000, rate=3e-4, max_tokens=320, start_from="compare"),
    "paired": Stage(name="paired", texts=28_000, rate=3e-4, max_tokens=320, start_from="longer"),
    "subjects": Stage(name="subjects", texts=34_000, rate=3e-4, max_tokens=320, start_from="paired"),
    "disputed": Stage(name="disputed", texts=9_000, rate=2e-4, max_tokens=320, start_from="subjects"),
    "siblings": Stage(name="siblings", texts=34_000, rate=3e-4, max_tokens=320, start_from="disputed"),
    "series": Stage(name="series", texts=28_500, rate=3e-4, max_tokens=320, start_from="siblings"),
    "trios": Stage(name="trios", texts=28_000, rate=3e-4, max_tokens=320, start_from="series"),
    "opened": Stage(name="opened", texts=24_000, rate=3e-4, max_tokens=320, start_from="trios", batch_tokens=8192),
    "loose": Stage(name="loose", texts=10_000, rate=3e-4, max_tokens=320, start_from="opened", batch_tokens=8192),
    "mixed": Stage(name="mixed", texts=14_500, rate=3e-4, max_tokens=320, start_from="loose", batch_tokens=8192),
    "across": Stage(name="across", texts=16_000, rate=3e-4, max_tokens=320, start_from="mixed", batch_tokens=8192),
    "parallel": Stage(name="parallel", texts=16_000, rate=3e-4, max_tokens=320, start_from="mixed", batch_tokens=8192),
    "basics": Stage(name="basics", texts=14_000, rate=3e-4, max_tokens=320, start_from="parallel", batch_tokens=8192),
}


def main() -> None:
    arguments = _arguments()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    stage = STAGES[arguments.stage]
    if arguments.texts:
        stage = replace(stage, texts=arguments.texts)
    settings = load_settings()
    source = source_folder(ModelSource.of(settings.model), settings.cache_dir)
    rng = random.Random(arguments.seed)
    embedder = open_embedder(settings)
    examples = EXAMPLES[stage.name](arguments.qa, arguments.xquad, embedder, rng)
    learned, held_out = split(examples)
    coder = Coder(load_tokenizer(source), rng, stage.max_tokens)
    checked = [(one, coder.code(one)) for one in random.Random(SEED).sample(held_out, min(CHECKED, len(held_out)))]
    network = ReaderNetwork(source, arguments.rank)
    if stage.start_from:
        network.load_learned(_weights_of(arguments.out, stage.start_from, arguments.seed))
    print(f"{len(learned)} questions to learn from, {len(held_out)} held out, {len(checked)} of them checked", flush=True)
    Training(stage, network, arguments.out, arguments.seed).run([(one, coder.code(one)) for one in learned], checked)


def _weights_of(out: Path, stage: str, seed: int) -> dict[str, torch.Tensor]:
    """Those with which a stage ended: with this seed, if it ran with it; the package's, if it did not run here."""
    for checkpoint in (out / f"{stage}-{seed}.pt", out / f"{stage}.pt"):
        if checkpoint.is_file():
            found: dict[str, torch.Tensor] = torch.load(checkpoint)
            return found
    print(f"{out} has no checkpoint of {stage}; beginning with the weights of the package", flush=True)
    return packaged_updates(READER_FILE)


def split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """(to learn from, held out): by paragraph, so that no text is in both."""
    learned: list[Example] = []
    held_out: list[Example] = []
    for one in examples:
        (held_out if is_held_out(one.paragraph) else learned).append(one)
    return learned, held_out


class Training:
    """One stage, resumed from its state file if there is one."""

    def __init__(self, stage: Stage, network: ReaderNetwork, out: Path, seed: int) -> None:
        self._stage, self._network, self._out, self._seed = stage, network, out, seed
        self._name = stage.name if seed == SEED else f"{stage.name}-{seed}"
        out.mkdir(parents=True, exist_ok=True)
        self._parameters = [p for p in network.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(self._parameters, lr=stage.rate, weight_decay=0.01, betas=(0.9, 0.98))
        self._texts = self._round = self._place = 0
        self._next_check = CHECK_EVERY_TEXTS
        self._best = 0.0
        self._loss = 0.0
        self._resume()

    def run(self, coded: Sequence[Coded], checked: Sequence[Coded]) -> None:
        """Train until the stage's number of texts has been seen."""
        began, seen = time.monotonic(), self._texts
        while self._texts < self._stage.texts:
            batches = in_batches(coded, self._stage.batch_tokens, random.Random(self._seed + self._round))
            while self._place < len(batches) and self._texts < self._stage.texts:
                self._learn(batches[self._place])
                self._place += 1
                if self._place % 25 == 0:
                    pace = (self._texts - seen) / (time.monotonic() - began)
                    self._log(f"texts {self._texts} round {self._round} loss {self._loss:.3f} {pace:.1f}/s")
                if self._texts >= self._next_check:
                    self._check(checked)
            if self._place >= len(batches):
                self._round, self._place = self._round + 1, 0
        self._check(checked)
        # The last weights, at the end of the learning rate, not the best of many checks, which depends on a few questions.
        self._save()

    def _learn(self, batch: Sequence[Coded]) -> None:
        progress = self._texts / self._stage.texts
        for group in self._optimizer.param_groups:
            group["lr"] = self._stage.rate * min(1.0, self._texts / 1500 + 0.02) * max(0.02, 1 - progress)
        tensors = to_batch(batch)
        loss = loss_of(self._network.by_length(tensors.input_ids, tensors.attention_mask), tensors)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimizer.step()
        self._loss = loss.item() if not self._loss else 0.98 * self._loss + 0.02 * loss.item()
        self._texts += len(tensors.group)

    def _check(self, checked: Sequence[Coded]) -> None:
        found = check(self._network, checked)
        self._log(f"checked at {self._texts}: {found}")
        if found.score >= self._best:
            self._best = found.score
            self._save()
        self._next_check = self._texts + CHECK_EVERY_TEXTS
        state = {
            "learned": self._network.learned(),
            "optimizer": self._optimizer.state_dict(),
            "counters": (self._texts, self._round, self._place + 1, self._best, self._loss),
        }
        fresh = self._out / f"{self._name}.state.new"
        torch.save(state, fresh)
        fresh.replace(self._out / f"{self._name}.state.pt")

    def _save(self) -> None:
        torch.save(self._network.learned(), self._out / f"{self._name}.pt")

    def _resume(self) -> None:
        path = self._out / f"{self._name}.state.pt"
        if not path.is_file():
            return
        state = torch.load(path)
        self._network.load_learned(state["learned"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._texts, self._round, self._place, self._best, self._loss = state["counters"]
        self._next_check = self._texts + CHECK_EVERY_TEXTS
        self._log(f"continues at {self._texts}")

    def _log(self, line: str) -> None:
        print(line, flush=True)
        with (self._out / f"{self._name}.log").open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=sorted(STAGES))
    parser.add_argument("--qa", type=Path, required=True, help="folder with CMRC, DRCD, SQuAD 2.0 and NTREX-128")
    parser.add_argument("--xquad", type=Path, required=True, help="folder with XQuAD-R")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and logs")
    parser.add_argument("--seed", type=int, default=SEED, help="another makes another reader, to be averaged")
    parser.add_argument("--rank", type=int, default=32, help="that of the weights it begins with")
    parser.add_argument("--threads", type=int, default=1, help="more than one pays on an idle machine only")
    parser.add_argument("--texts", type=int, default=0, help="learn from fewer or more texts than the stage says")
    return parser.parse_args()


if __name__ == "__main__":
    main()
