from __future__ import annotations

from pathlib import Path

from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.model.reader_model import ReaderCard
from coopbot.serve.status import index_out
from tests.fakes import BagOfWords, make_article


def test_the_status_of_the_index_names_the_reader(tmp_path: Path) -> None:
    embedder = BagOfWords()
    build([make_article("en/bridge", "It opened.")], embedder, tmp_path, model="bag", precision="f32")
    snapshot = open_current(tmp_path, embedder.fingerprint)
    card = ReaderCard(name="some/reader", fingerprint="x", max_tokens=384, has_types=False, precision="int8")
    shown = index_out(snapshot, "", card)
    assert (shown.model, shown.precision, shown.reader, shown.reader_precision) == ("bag", "f32", "some/reader", "int8")
    unread = index_out(snapshot, "", None)
    assert (unread.reader, unread.reader_precision) == ("off", "")
    snapshot.close()
