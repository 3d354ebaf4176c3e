"""Milvus: rows in, rows out. The only file that knows pymilvus, its limits and its errors; what rows mean is in `schema`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from coopbot.errors import CoopbotError, IndexMissing, Misconfigured, Unreachable
from coopbot.index.milvus.schema import FIELDS, INDEXES, PARTITIONS, Kind, Row

if TYPE_CHECKING:
    from pymilvus import MilvusClient

T = TypeVar("T")

# Rows a call: Milvus takes messages of 64 MB, and the largest rows, passages of very many sentences, have 300 kB.
_ROWS = 128
# Loading a large collection takes minutes.
_LOAD_S = 600.0
_STRONG: Mapping[str, object] = {"consistency_level": "Strong"}
_MS_TO_TIMESTAMP = 18  # bits: below milliseconds, a timestamp of Milvus counts events

_SCHEMES = ("http", "https", "tcp")
_PORT = 19530

# Codes of Milvus errors.
_CONNECT, _NO_COLLECTION, _NOT_LOADED, _NO_ALIAS = 2, 100, 101, 1600


class Milvus:
    """A connection, safe to use from several threads. Reads see all that was written before, wherever it was.

    Every method raises Unreachable (no answer in time, or a refusal), IndexMissing (no such collection or alias).
    """

    def __init__(self, client: MilvusClient, address: str, timeout_s: float, reads: Mapping[str, object] = _STRONG) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._reads = reads
        self.address = address

    @classmethod
    def connect(cls, uri: str, token: str = "", *, timeout_s: float = 30.0) -> Milvus:
        """Connect and see that it answers. `timeout_s` is for each call. Raises Misconfigured, Unreachable."""
        address = _address(uri)
        try:
            from pymilvus import MilvusClient
            from pymilvus.exceptions import MilvusException
        except ImportError as exc:
            raise Misconfigured("COOPBOT_MILVUS_URI needs the milvus extra; run: pip install 'coopbot[milvus]'") from exc
        # What it logs it raises as well, and the log has the filters of questions in it.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
        try:
            client = MilvusClient(uri, token=token, timeout=timeout_s)
        except MilvusException as exc:
            raise _translated(exc.code, exc.message, address) from exc
        return cls(client, address, timeout_s)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def pinned(self, unix_s: float) -> Milvus:
        """The same connection, whose reads see at least what was written by then, and wait for nothing later."""
        reads = {"consistency_level": "Customized", "guarantee_timestamp": int(unix_s * 1000) << _MS_TO_TIMESTAMP}
        return Milvus(self._client, self.address, self._timeout_s, reads)

    def collections(self) -> list[str]:
        """All names."""
        return list(self._do("list_collections"))

    def create(self, collection: str, kind: Kind, dim: int) -> None:
        """A new collection of a kind, ready to be written and read."""
        from pymilvus import DataType

        schema = self._client.create_schema(enable_dynamic_field=False)
        for name, options in FIELDS[kind].items():
            types = {key: getattr(DataType, options[key]) for key in ("datatype", "element_type") if key in options}
            size = {"dim": dim} if options["datatype"] == "FLOAT_VECTOR" else {}
            schema.add_field(name, **{**size, **options, **types})
        indexes = self._client.prepare_index_params()
        for name, options in INDEXES[kind].items():
            indexes.add_index(name, **options)
        self._do("create_collection", collection, schema=schema, consistency_level="Strong")
        for name in filter(None, PARTITIONS[kind]):
            self._do("create_partition", collection, name)
        # Without sync=False it sleeps half a second an index.
        self._do("create_index", collection, indexes, sync=False)
        self._do("load_collection", collection, timeout=_LOAD_S)

    def drop(self, collection: str) -> None:
        """Delete a collection, if there is one."""
        self._do("drop_collection", collection)

    def alias_target(self, alias: str) -> str | None:
        """The collection that an alias stands for."""
        try:
            return str(self._do("describe_alias", alias)["collection_name"])
        except IndexMissing:
            return None

    def point_alias(self, alias: str, collection: str) -> None:
        """Let an alias stand for a collection from now on, atomically."""
        self._do("alter_alias" if self.alias_target(alias) else "create_alias", collection, alias)

    def drop_alias(self, alias: str) -> None:
        """Let an alias stand for nothing."""
        self._do("drop_alias", alias)

    def upsert(self, collection: str, rows: Sequence[Row], *, partition: str = "", partially: bool = False) -> None:
        """Write rows, in the place of those with the same id; `partially` leaves columns as they are that are not given."""
        for start in range(0, len(rows), _ROWS):
            some = list(rows[start : start + _ROWS])
            self._do("upsert", collection, some, partition_name=partition, partial_update=partially)

    def delete(self, collection: str, condition: str) -> None:
        """Delete the rows that meet a condition."""
        self._do("delete", collection, filter=condition)

    def flush(self, collection: str) -> None:
        """Have what was written indexed now rather than when enough has come together."""
        self._do("flush", collection, timeout=_LOAD_S)

    def query(self, collection: str, condition: str, columns: Sequence[str], *, partition: str = "") -> list[Row]:
        """The rows that meet a condition, some thousands at most, in no order."""
        options = {"partition_names": [partition] if partition else None, **self._reads}
        return list(map(dict, self._do("query", collection, condition, list(columns), **options)))

    def scan(self, collection: str, condition: str, columns: Sequence[str], *, partition: str = "") -> Iterator[Row]:
        """All rows that meet a condition, however many, in the order of their ids."""
        options = {"partition_names": [partition] if partition else None, **_STRONG}
        rows = self._do("query_iterator", collection, filter=condition, output_fields=list(columns), **options)
        try:
            while some := self._call(rows.next):
                yield from map(dict, some)
        finally:
            rows.close()

    def search(
        self, collection: str, column: str, query: object, condition: str, *, limit: int, **options: object
    ) -> list[Row]:
        """The `limit` rows that meet a condition whose vectors have the largest dot products with one, largest first.

        query: a list, or weights by dimension. The options are those of pymilvus.
        """
        choice = {"anns_field": column, "filter": condition, "limit": limit}
        (hits,) = self._do("search", collection, [query], **choice, **options, **self._reads)
        return [{"id": hit["id"], **hit["entity"]} for hit in hits]

    # What pymilvus gives, it gives untyped.
    def _do(self, method: str, *arguments: object, **options: object) -> Any:
        call = partial(getattr(self._client, method), *arguments, **{"timeout": self._timeout_s, **options})
        return self._call(call, *arguments[:1])

    def _call(self, work: Callable[[], T], collection: object = None) -> T:
        """What `work` gives. A collection that a server has only on disk, having been started anew, is loaded first."""
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            try:
                return work()
            except MilvusException as exc:
                if exc.code != _NOT_LOADED:
                    raise
                self._client.load_collection(collection, timeout=_LOAD_S)
                return work()
        except MilvusException as exc:
            raise _translated(exc.code, exc.message, self.address) from exc
        except grpc.RpcError as exc:
            raise _translated(_CONNECT, "", self.address) from exc


def _translated(code: int, message: str, address: str) -> CoopbotError:
    if code == _CONNECT:
        return Unreachable(address, "Milvus does not answer; start it, or mend COOPBOT_MILVUS_URI or _TOKEN")
    if code in (_NO_COLLECTION, _NO_ALIAS):
        return IndexMissing(f"a part of the index is missing in Milvus at {address}; run: coopbot index")
    if "auth" in message.lower():
        return Misconfigured(f"Milvus at {address} wants another COOPBOT_MILVUS_TOKEN; set it")
    reason = message.splitlines()[0][:200] if message else "no reason given"
    return Unreachable(address, f"Milvus refuses ({code}: {reason}); look into its log, then try again")


def _address(uri: str) -> str:
    """Host and port, without a password that may stand before them. Raises Misconfigured."""
    try:
        parts = urlsplit(uri)
        if parts.scheme in _SCHEMES and parts.hostname:
            return f"{parts.hostname}:{parts.port or _PORT}"
    except ValueError:  # not repeated, nor chained: it may have the password in it
        pass
    raise Misconfigured("COOPBOT_MILVUS_URI is no address of a Milvus server; set it to one like http://host:19530")
