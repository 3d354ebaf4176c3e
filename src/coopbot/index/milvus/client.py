"""The connection to Milvus. The only file that knows pymilvus, its limits and its errors; `schema` says what the rows mean."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coopbot.errors import CoopbotError, IndexMissing, Misconfigured, Unreachable
from coopbot.index.milvus.schema import FIELDS, INDEXES, PARTITIONS, Kind, Row

if TYPE_CHECKING:
    from pymilvus import MilvusClient

# Rows per call: Milvus accepts messages of 64 MB, and the largest rows, passages of very many sentences, have 300 kB.
_ROWS = 128
# Loading a large collection takes minutes.
_LOAD_S = 600.0
_STRONG: Mapping[str, object] = {"consistency_level": "Strong"}
_MS_TO_TIMESTAMP = 18  # a Milvus timestamp has this many bits below the milliseconds

_SCHEMES = ("http", "https", "tcp")
_PORT = 19530

# Error codes of Milvus.
_CONNECT, _NO_COLLECTION, _NOT_LOADED, _NO_ALIAS = 2, 100, 101, 1600


class Milvus:
    """A connection, safe to use from several threads. Reads see everything written before, by any connection.

    Every method raises Unreachable (no answer in time, or a refusal) or IndexMissing (no such collection or alias).
    """

    def __init__(self, client: MilvusClient, address: str, timeout_s: float, reads: Mapping[str, object] = _STRONG) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._reads = reads
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

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def reading_from(self, unix_s: float) -> Milvus:
        """The same connection; its reads see at least what was written by then, without waiting for later writes."""
        reads = {"consistency_level": "Customized", "guarantee_timestamp": int(unix_s * 1000) << _MS_TO_TIMESTAMP}
        return Milvus(self._client, self.address, self._timeout_s, reads)

    def collections(self) -> list[str]:
        """The names of all collections."""
        return list(self._do("list_collections"))

    def create(self, collection: str, kind: Kind, dim: int) -> None:
        """Create a collection of this kind and load it. dim: that of the embedding model."""
        from pymilvus import DataType

        schema = self._client.create_schema(enable_dynamic_field=False)
        for name, options in FIELDS[kind].items():
            types = {key: DataType[options[key]] for key in ("datatype", "element_type") if key in options}
            size = {"dim": dim} if options["datatype"] == "FLOAT_VECTOR" else {}
            schema.add_field(name, **{**size, **options, **types})
        indexes = self._client.prepare_index_params()
        for name, options in INDEXES[kind].items():
            indexes.add_index(name, **options)
        self._do("create_collection", collection, schema=schema, consistency_level="Strong")
        for name in filter(None, PARTITIONS[kind]):
            self._do("create_partition", collection, name)
        # sync=False: otherwise pymilvus sleeps half a second for each index.
        self._do("create_index", collection, indexes, sync=False)
        self._do("load_collection", collection, timeout=_LOAD_S)

    def drop(self, collection: str) -> None:
        """Delete a collection if it exists."""
        self._do("drop_collection", collection)

    def alias_target(self, alias: str) -> str | None:
        """The collection that an alias refers to."""
        try:
            return str(self._do("describe_alias", alias)["collection_name"])
        except IndexMissing:
            return None

    def point_alias(self, alias: str, collection: str) -> None:
        """Create an alias, or move it to another collection atomically."""
        self._do("alter_alias" if self.alias_target(alias) else "create_alias", collection, alias)

    def drop_alias(self, alias: str) -> None:
        """Delete an alias."""
        self._do("drop_alias", alias)

    def upsert(self, collection: str, rows: Sequence[Row], *, partition: str = "", partially: bool = False) -> None:
        """Insert rows, replacing those with the same id. partially: keep the columns that the new rows do not have."""
        for start in range(0, len(rows), _ROWS):
            block = list(rows[start : start + _ROWS])
            self._do("upsert", collection, block, partition_name=partition, partial_update=partially)

    def delete(self, collection: str, condition: str) -> None:
        """Delete the rows that meet a condition."""
        self._do("delete", collection, filter=condition)

    def flush(self, collection: str) -> None:
        """Have Milvus index what was written now; otherwise it waits for more rows."""
        self._do("flush", collection, timeout=_LOAD_S)

    def query(self, collection: str, condition: str, columns: Sequence[str], *, partition: str = "") -> list[Row]:
        """The rows that meet a condition, in any order. For some thousands of rows at most."""
        options = {"partition_names": [partition] if partition else None, **self._reads}
        return list(map(dict, self._do("query", collection, condition, list(columns), **options)))

    def scan(self, collection: str, condition: str, columns: Sequence[str], *, partition: str = "") -> Iterator[Row]:
        """The rows that meet a condition, in order of their ids. For any number of rows."""
        options = {"partition_names": [partition] if partition else None, **_STRONG}
        rows = self._do("query_iterator", collection, filter=condition, output_fields=list(columns), **options)
        with closing(rows), _translating(self.address):
            while block := rows.next():
                yield from map(dict, block)

    def search(
        self, collection: str, column: str, query: object, condition: str, *, limit: int, **options: object
    ) -> list[Row]:
        """The `limit` rows that meet a condition whose vectors have the largest dot product with a query, largest first.

        query: a list of floats, or a weight for each dimension. options: those of pymilvus.
        """
        choice = {"anns_field": column, "filter": condition, "limit": limit}
        (hits,) = self._do("search", collection, [query], **choice, **options, **self._reads)
        return [{"id": hit["id"], **hit["entity"]} for hit in hits]

    def _do(self, method: str, *arguments: object, **options: object) -> Any:  # Any: pymilvus returns untyped values
        from pymilvus.exceptions import MilvusException

        call = partial(getattr(self._client, method), *arguments, **{"timeout": self._timeout_s, **options})
        with _translating(self.address):
            try:
                return call()
            except MilvusException as exc:
                if exc.code != _NOT_LOADED:
                    raise
            # After a restart a server has the collection on disk only.
            self._client.load_collection(arguments[0], timeout=_LOAD_S)
            return call()


@contextmanager
def _translating(address: str) -> Iterator[None]:
    """Raises errors of pymilvus as errors of coopbot."""
    import grpc
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except MilvusException as exc:
        raise _translated(exc.code, exc.message, address) from exc
    except grpc.RpcError as exc:
        raise _translated(_CONNECT, "", address) from exc


def _translated(code: int, message: str, address: str) -> CoopbotError:
    if code == _CONNECT:
        return Unreachable(address, "Milvus does not answer; start it, or fix COOPBOT_MILVUS_URI or _TOKEN")
    if code in (_NO_COLLECTION, _NO_ALIAS):
        return IndexMissing(f"a part of the index is missing in Milvus at {address}; run: coopbot index")
    if "auth" in message.lower():
        return Misconfigured(f"Milvus at {address} does not accept COOPBOT_MILVUS_TOKEN; set another one")
    reason = message.splitlines()[0][:200] if message else "no reason given"
    return Unreachable(address, f"Milvus refuses the request ({code}: {reason}); see its log, then try again")


def _address(uri: str) -> str:
    """Host and port, without the password that may precede them. Raises Misconfigured."""
    try:
        parts = urlsplit(uri)
        if parts.scheme in _SCHEMES and parts.hostname:
            return f"{parts.hostname}:{parts.port or _PORT}"
    except ValueError:  # neither repeated nor chained: its text may contain the password
        pass
    raise Misconfigured("COOPBOT_MILVUS_URI is not the address of a Milvus server; set it to one like http://host:19530")
