"""The connection to Milvus. The only file that knows pymilvus, its limits and its errors; `schema` says what the rows mean."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coopbot.errors import IndexMissing, Misconfigured, Unreachable
from coopbot.index.filters import KEY_CHARS, VALUE_FILTERS
from coopbot.index.milvus.schema import MAX_ARTICLE_ID_BYTES, MAX_VALUES, PARTITIONS, VARCHAR_BYTES, Kind, Row

if TYPE_CHECKING:
    from pymilvus import MilvusClient

# Rows per call: Milvus accepts messages of 64 MB, and the largest rows, passages of very many sentences, have 300 kB.
_ROWS = 128
# Loading or indexing a large collection takes minutes.
LOAD_S = 600.0
_MS_TO_TIMESTAMP = 18  # a Milvus timestamp has this many bits below the milliseconds

_SCHEMES = ("http", "https", "tcp")
_PORT = 19530

# Error codes of Milvus.
_CONNECT, _NO_COLLECTION, _NOT_LOADED, _NO_ALIAS = 2, 100, 101, 1600

Options = Mapping[str, Any]

_INVERTED: Options = {"index_type": "INVERTED"}
_INDEXES: Mapping[str, Options] = {
    "pooled": {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 16, "efConstruction": 200}},
    "words": {"index_type": "SPARSE_INVERTED_INDEX", "metric_type": "IP"},
    "nothing": {"index_type": "FLAT", "metric_type": "IP"},
    "name": _INVERTED,
    "removed": _INVERTED,
}


class Milvus:
    """A connection, safe to use from several threads. Reads see everything written before, by any connection.

    Every method raises Unreachable (no answer in time, or a refusal) or IndexMissing (no such collection or alias).
    """

    def __init__(self, client: MilvusClient, address: str, timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self.address = address

    @classmethod
    def connect(cls, uri: str, token: str = "", *, timeout_s: float = 30.0) -> Milvus:
        """Connect and check that Milvus answers. timeout_s: for each call. Raises Misconfigured, Unreachable."""
        address = _address(uri)
        try:
            from pymilvus import MilvusClient
        except ImportError as exc:
            raise Misconfigured("COOPBOT_MILVUS_URI needs the milvus extra; run: pip install 'coopbot[milvus]'") from exc
        # pymilvus logs every error that it raises, with the filters of questions.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
        with _translating(address):
            return cls(MilvusClient(uri, token=token, timeout=timeout_s), address, timeout_s)

    def call(self, method: str, *arguments: object, **options: object) -> Any:  # Any: pymilvus returns untyped values
        """Call a method of pymilvus's client whose first argument, if any, is a collection."""
        from pymilvus.exceptions import MilvusException

        call = partial(getattr(self._client, method), *arguments, **{"timeout": self._timeout_s, **options})
        with _translating(self.address):
            try:
                return call()
            except MilvusException as exc:
                if exc.code != _NOT_LOADED:
                    raise
            # After a restart a server has the collection on disk only.
            self._client.load_collection(arguments[0], timeout=LOAD_S)
            return call()

    def create(self, collection: str, kind: Kind, dim: int) -> None:
        """Create a collection of this kind and load it. dim: that of the embedding model."""
        schema = self._client.create_schema(enable_dynamic_field=False)
        indexes = self._client.prepare_index_params()
        for name, options in _columns(kind, dim).items():
            schema.add_field(name, **options)
            if name in _INDEXES:
                indexes.add_index(name, **_INDEXES[name])
        self.call("create_collection", collection, schema=schema, consistency_level="Strong")
        for partition in filter(None, PARTITIONS[kind]):
            self.call("create_partition", collection, partition)
        # sync=False: otherwise pymilvus sleeps half a second for each index.
        self.call("create_index", collection, indexes, sync=False)
        self.call("load_collection", collection, timeout=LOAD_S)

    def alias_target(self, alias: str) -> str | None:
        """The collection that an alias refers to."""
        try:
            return str(self.call("describe_alias", alias)["collection_name"])
        except IndexMissing:
            return None

    def upsert(self, collection: str, rows: Sequence[Row], *, partition: str = "", partially: bool = False) -> None:
        """Insert rows, replacing those with the same id. partially: keep the columns that the new rows do not have."""
        for start in range(0, len(rows), _ROWS):
            block = list(rows[start : start + _ROWS])
            self.call("upsert", collection, block, partition_name=partition, partial_update=partially)

    def query(self, collection: str, condition: str, columns: Sequence[str], **options: object) -> list[Row]:
        """The rows that meet a condition, in any order. For some thousands of rows at most. options: those of pymilvus."""
        return list(map(dict, self.call("query", collection, condition, list(columns), **options)))

    def scan(self, collection: str, condition: str, columns: Sequence[str], **options: object) -> Iterator[Row]:
        """The rows that meet a condition, in order of their ids. For any number of rows. options: those of pymilvus."""
        rows = self.call("query_iterator", collection, filter=condition, output_fields=list(columns), **options)
        with closing(rows), _translating(self.address):
            while block := rows.next():
                yield from map(dict, block)


def _columns(kind: Kind, dim: int) -> Mapping[str, Options]:
    from pymilvus import DataType

    number = {"datatype": DataType.INT64}
    string = {"datatype": DataType.VARCHAR}
    strings = {"datatype": DataType.ARRAY, "element_type": DataType.VARCHAR, "max_capacity": MAX_VALUES}
    # Nine tenths of the index are contents, of which a question reads a few: mapped from disk, not held in memory.
    content = {"max_length": VARCHAR_BYTES, "mmap_enabled": True}
    common = {"id": {**number, "is_primary": True}, "added": number, "removed": number}
    if kind == "passages":
        return {
            **common,
            "published": number,
            "published_last": number,
            **{one.field: {**strings, "max_length": 4 * KEY_CHARS} for one in VALUE_FILTERS},
            "pooled": {"datatype": DataType.FLOAT_VECTOR, "dim": dim},
            "words": {"datatype": DataType.SPARSE_FLOAT_VECTOR},
            "length": number,
            "sentences": number,
            "text": {**strings, **content},
            "vectors": {**strings, **content},
        }
    return {
        **common,
        "name": {**string, "max_length": MAX_ARTICLE_ID_BYTES + 16},
        "sha256": {**string, "max_length": 64},
        "passages": number,
        "content": {**string, **content},
        "nothing": {"datatype": DataType.FLOAT_VECTOR, "dim": 2},
    }


def written_by(unix_s: float) -> Mapping[str, object]:
    """The option of a read that sees at least what was written by then, without waiting for later writes."""
    return {"consistency_level": "Customized", "guarantee_timestamp": int(unix_s * 1000) << _MS_TO_TIMESTAMP}


@contextmanager
def _translating(address: str) -> Iterator[None]:
    """Raises errors of pymilvus as errors of coopbot."""
    import grpc
    from pymilvus.exceptions import MilvusException

    silent = Unreachable(address, "Milvus does not answer; start it, or fix COOPBOT_MILVUS_URI or _TOKEN")
    try:
        yield
    except grpc.RpcError as exc:
        raise silent from exc
    except MilvusException as exc:
        if exc.code == _CONNECT:
            raise silent from exc
        if exc.code in (_NO_COLLECTION, _NO_ALIAS):
            raise IndexMissing(f"a part of the index is missing in Milvus at {address}; run: coopbot index") from exc
        if "auth" in exc.message.lower():
            raise Misconfigured(f"Milvus at {address} does not accept COOPBOT_MILVUS_TOKEN; set another one") from exc
        reason = exc.message.splitlines()[0][:200] if exc.message else "no reason given"
        raise Unreachable(address, f"Milvus refuses the request ({exc.code}: {reason}); see its log, then try again") from exc


def _address(uri: str) -> str:
    """Host and port, without the password that may precede them. Raises Misconfigured."""
    try:
        parts = urlsplit(uri)
        if parts.scheme in _SCHEMES and parts.hostname:
            return f"{parts.hostname}:{parts.port or _PORT}"
    except ValueError:  # neither repeated nor chained: its text may contain the password
        pass
    raise Misconfigured("COOPBOT_MILVUS_URI is not the address of a Milvus server; set it to one like http://host:19530")
