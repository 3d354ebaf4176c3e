"""How soon a new article is answered from, and what a rebuild without change costs, in a corpus of real files."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figure import Figure
from benchmarks.server import Server, served
from coopbot.domain import Article
from coopbot.errors import IndexMissing
from coopbot.index.build import BuildReport
from coopbot.index.model.conversion import Step
from coopbot.index.model.encoder import Encoder
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.markdown import render_article
from coopbot.settings import Settings
from coopbot.wiring import open_corpus, open_embedder, rebuild

ADMIN_TOKEN = "only-for-measuring-on-this-machine"

_NEWS = "The Ust-Ochsenfurt ferry carried {number} passengers in its first season. "
_QUESTION = "How many passengers did the Ust-Ochsenfurt ferry carry in its first season?"
_ROUNDS = 5


def run_arrival(settings: Settings, passages: int, on_step: Step = lambda _: None) -> list[Figure]:
    """Figures of arrival at an index of about so many passages, all of which are embedded for it."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        place = place_corpus(settings, embedder, Path(folder), passages)
        on_step(f"building an index of {passages} passages")
        first_s, first = _timed_rebuild(place, embedder)
        on_step("building it again without a change")
        again_s, again = _timed_rebuild(place, embedder)
        assert not again.written
        on_step("adding articles over HTTP")
        with served(environ_of(place)) as server:
            waits_s, embedded_right = _arrivals(server, embedder)
    return [
        Figure(name="passages in the index that articles are added to", value=first.passages, unit=""),
        Figure(name="first build", value=first_s, unit="s"),
        Figure(name="a rebuild without change, share of the first build", value=again_s / first_s, unit="", goal="< 0.03"),
        Figure(name="a new article is answered from, longest wait", value=max(waits_s), unit="s", goal="<= 2"),
        Figure(name="new articles of which exactly their own passages were embedded", value=embedded_right, unit="", goal="1"),
    ]


def place_corpus(settings: Settings, embedder: Encoder, folder: Path, passages: int) -> Settings:
    """A corpus folder of about so many passages: copies of the corpus, whose titles differ, so that no two embed alike."""
    articles = [found for found in open_corpus(settings) if isinstance(found, Article)]
    if not articles:
        raise IndexMissing(f"there are no articles in {settings.corpus_dir}; add some with: coopbot add FILE")
    small = settings.model_copy(update={"index_dir": folder / "small"})
    copies = max(1, round(passages / rebuild(small, embedder)[0].passages))
    write_copies(articles, folder / "corpus", copies)
    return settings.model_copy(update={"corpus_dir": folder / "corpus", "index_dir": folder / "index"})


def write_copies(articles: Iterable[Article], corpus_dir: Path, copies: int) -> None:
    """Article files, each with its number in the title."""
    for article in articles:
        for copy in range(copies):
            draft = Draft(
                title=f"{article.title} ({copy})",
                text=article.text,
                publisher=article.publisher,
                published=article.published,
                language=article.language,
            )
            path = corpus_dir / f"{article.article_id}-{copy}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render_article(draft), encoding="utf-8")


def environ_of(settings: Settings) -> Mapping[str, str]:
    """The environment for a process with these folders, that takes changes."""
    return {
        **os.environ,
        "COOPBOT_CORPUS_DIR": str(settings.corpus_dir),
        "COOPBOT_INDEX_DIR": str(settings.index_dir),
        "COOPBOT_ADMIN_TOKEN": ADMIN_TOKEN,
    }


def _timed_rebuild(settings: Settings, embedder: Encoder) -> tuple[float, BuildReport]:
    start = time.perf_counter()
    report, _ = rebuild(settings, embedder)
    return time.perf_counter() - start, report


def _arrivals(server: Server, embedder: Encoder) -> tuple[list[float], float]:
    """(seconds from the acceptance of each article until an answer quotes it, share of those that embedded just their own)."""
    waits_s, right = [], 0
    for round_number in range(_ROUNDS):
        number = 48_000 + round_number
        text = _NEWS.format(number=number)
        job = submit(server.client, {"title": f"A ferry, {number}", "text": text, "publisher": "Bench"})
        accepted = time.perf_counter()
        while str(number) not in server.client.post("/v1/ask", json={"question": _QUESTION}).text:
            time.sleep(0.02)
        waits_s.append(time.perf_counter() - accepted)
        right += finished(server.client, job)["report"]["embedded"] == 1
        remove = server.client.delete(f"/v1/articles/{finished(server.client, job)['article_id']}", headers=authorised())
        finished(server.client, remove.json()["job_id"])
    return waits_s, right / _ROUNDS


def authorised() -> dict[str, str]:
    """The header that lets changes in."""
    return {"Authorization": f"Bearer {ADMIN_TOKEN}"}


def submit(client: httpx.Client, article: Mapping[str, str]) -> str:
    """Hand in an article; the id of the job that takes it."""
    response = client.post("/v1/articles", json=dict(article), headers=authorised())
    return str(response.raise_for_status().json()["job_id"])


def finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """A job when it is done."""
    while True:
        job: dict[str, Any] = client.get(f"/v1/index/jobs/{job_id}", headers=authorised()).raise_for_status().json()
        if job["state"] == "failed":
            raise RuntimeError(f"a change failed while measuring: {job['error']}")
        if job["state"] == "done":
            return job
        time.sleep(0.02)
