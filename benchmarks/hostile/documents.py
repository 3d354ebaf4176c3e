"""Whether questions are answered as quickly while a document is read that was made to be slow.

`python -m benchmarks.hostile.documents` measures it by itself, in about a minute and a half.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.figure import Figure
from benchmarks.server import served
from benchmarks.speed.arrival import authorised, environ_of
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings, load_settings
from coopbot.wiring import open_embedder, rebuild

_CLIENTS = 4
_ROUNDS = 6
_WARM_UP = 20
_QUIET_S = 8.0
_TIMEOUT_S = 8  # that the server has for a document, instead of the default, to be done sooner
_QUESTION = "How many lorries crossed the bridge over the Amur?"

_DOCX_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>',
}
_PARAGRAPH = b"<w:p><w:r><w:t>The ferry carries 400 passengers a day across the river from May to October.</w:t></w:r></w:p>"


def docx_bomb(unpacked_bytes: int) -> bytes:
    """A Word document that is so large unpacked, and less than a hundredth of it as a file."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, part in _DOCX_PARTS.items():
            archive.writestr(name, part)
        with archive.open("word/document.xml", "w", force_zip64=True) as document:
            document.write(b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>')
            batch = _PARAGRAPH * 1000
            for _ in range(unpacked_bytes // len(batch)):
                document.write(batch)
            document.write(b"</w:body></w:document>")
    return out.getvalue()


def pdf_bomb(pages: int, stream_bytes: int) -> bytes:
    """A PDF whose pages all show one stream of so many bytes, which is small in the file."""
    line = b"(The ferry carries 400 passengers a day across the river from May to October.) Tj T* "
    stream = zlib.compress(b"BT /F1 12 Tf 14 TL 72 720 Td " + line * (stream_bytes // len(line)) + b" ET", 9)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % (number + 5) for number in range(pages))),
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *[page] * pages,
    ]
    out = BytesIO(b"%PDF-1.4\n")
    out.seek(0, 2)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()


def run_hostile_document(settings: Settings, on_step: Step = lambda _: None) -> list[Figure]:
    """Figures of a server of its own, whose corpus is a copy of the one in force."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        shutil.copytree(settings.corpus_dir, Path(folder) / "corpus")
        place = settings.model_copy(update={"corpus_dir": Path(folder) / "corpus", "index_dir": Path(folder) / "index"})
        on_step("building its index")
        rebuild(place, embedder)
        environ = {**environ_of(place), "COOPBOT_READ_TIMEOUT_S": str(_TIMEOUT_S)}
        with served(environ) as server:
            return measure_hostile_document(server.client, on_step)


def measure_hostile_document(client: httpx.Client, on_step: Step = lambda _: None, *, rounds: int = _ROUNDS) -> list[Figure]:
    """Figures of a running server that takes changes with `arrival.ADMIN_TOKEN`: how long it takes to answer while it reads.

    Quiet and hostile stretches take turns, so that whatever else the machine does meets both. Each stretch ends with the job
    of its document, which the server gives up when its time for reading is over.
    """
    documents = {"a.docx": docx_bomb(30_000_000), "a.pdf": pdf_bomb(200, 2_000_000)}
    for _ in range(_WARM_UP):
        _ask(client)
    quiet: list[float] = []
    hostile: list[float] = []
    given_up = 0
    for number in range(rounds):
        name = list(documents)[number % len(documents)]
        on_step(f"asking while {name} is read, {number + 1} of {rounds}")
        quiet += _asked_until(client, _deadline(time.monotonic() + _QUIET_S))
        job_id = _hand_in(client, documents[name], name)
        hostile += _asked_until(client, partial(_is_done, client, job_id))
        given_up += _job(client, job_id)["state"] == "failed"
    quiet_ms, hostile_ms = (float(np.percentile(times_s, 99)) * 1000 for times_s in (quiet, hostile))
    return [
        Figure(name="hostile documents handed in", value=rounds, unit=""),
        Figure(name="hostile documents given up", value=given_up, unit="", goal=f"{rounds}"),
        Figure(name="questions asked while they were read", value=len(hostile), unit=""),
        Figure(name="99th percentile of asks, quiet", value=quiet_ms, unit="ms"),
        Figure(name="99th percentile of asks while a hostile document is read", value=hostile_ms, unit="ms"),
        Figure(name="99th percentile, ratio of hostile to quiet", value=hostile_ms / quiet_ms, unit="x", goal="<= 2"),
    ]


def _asked_until(client: httpx.Client, is_over: Callable[[], bool]) -> list[float]:
    """Seconds that each question took, of `_CLIENTS` who ask one after another until it is over."""
    times_s: list[float] = []
    stop = threading.Event()

    def ask_on() -> None:
        while not stop.is_set():
            times_s.append(_ask(client))

    threads = [threading.Thread(target=ask_on) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        give_up_at = time.monotonic() + 3 * _TIMEOUT_S
        while not is_over() and time.monotonic() < give_up_at:
            time.sleep(0.2)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return times_s


def _ask(client: httpx.Client) -> float:
    start = time.perf_counter()
    client.post("/v1/ask", json={"question": _QUESTION}).raise_for_status()
    return time.perf_counter() - start


def _hand_in(client: httpx.Client, data: bytes, name: str) -> str:
    response = client.post("/v1/articles", files={"file": (name, data)}, headers=authorised())
    return str(response.raise_for_status().json()["job_id"])


def _job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = client.get(f"/v1/index/jobs/{job_id}", headers=authorised()).raise_for_status().json()
    return job


def _is_done(client: httpx.Client, job_id: str) -> bool:
    return _job(client, job_id)["state"] in ("done", "failed")


def _deadline(ends_s: float) -> Callable[[], bool]:
    return lambda: time.monotonic() >= ends_s


if __name__ == "__main__":
    for figure in run_hostile_document(load_settings(), print):
        print(f"{figure.name}: {figure.value:.1f} {figure.unit} {figure.goal}")
