"""Milvus: rows in, rows out. The only file that knows pymilvus, its limits and its errors; what rows mean is in `schema`."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from coopbot.errors import CoopbotError, IndexMissing, Misconfigured, Unreachable
from coopbot.index.milvus.schema import FIELDS, INDEXES, PARTITIONS, PROPERTIES, Kind, Row, literal

if TYPE_CHECKING:
    from pymilvus import MilvusClient

T = TypeVar("T")

# Rows a call: Milvus takes messages of 64 MB, and the largest rows have 65 kB.
_ROWS = 500
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

    Every method raises Unreachable (no answer in time, or a refusal), IndexMissing (no such collection).
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
        return list(self._call(lambda: self._client.list_collections(timeout=self._timeout_s)))

    def create(self, collection: str, kind: Kind, dim: int) -> None:
        """A new collection of a kind, ready to be written and read."""
        from pymilvus import DataType

        schema = self._client.create_schema(enable_dynamic_field=False)
        for name, datatype, options in FIELDS[kind]:
            known = {key: getattr(DataType, str(value)) if key == "element_type" else value for key, value in options.items()}
            if datatype == "FLOAT_VECTOR":
                known.setdefault("dim", dim)
            schema.add_field(name, getattr(DataType, datatype), **known)
        indexes = self._client.prepare_index_params()
        for name, options in INDEXES[kind].items():
            indexes.add_index(name, **options)
        self._call(
            lambda: self._client.create_collection(
                collection,
                schema=schema,
                consistency_level="Strong",
                properties=dict(PROPERTIES[kind]),
                timeout=self._timeout_s,
            )
        )
        for name in PARTITIONS[kind]:
            self._call(functools.partial(self._client.create_partition, collection, name, timeout=self._timeout_s))
        # Without sync=False it sleeps half a second an index.
        self._call(lambda: self._client.create_index(collection, indexes, sync=False, timeout=self._timeout_s))
        self._call(lambda: self._client.load_collection(collection, timeout=_LOAD_S))

    def drop(self, collection: str) -> None:
        """Delete a collection, if there is one."""
        self._call(lambda: self._client.drop_collection(collection, timeout=self._timeout_s))

    def alias_target(self, alias: str) -> str | None:
        """The collection that an alias stands for."""
        from pymilvus.exceptions import MilvusException

        def describe() -> str | None:
            try:
                return str(self._client.describe_alias(alias, timeout=self._timeout_s)["collection_name"])
            except MilvusException as exc:
                if exc.code in (_NO_COLLECTION, _NO_ALIAS):
                    return None
                raise

        return self._call(describe)

    def point_alias(self, alias: str, collection: str) -> None:
        """Let an alias stand for a collection from now on, atomically."""
        known = self.alias_target(alias) is not None
        point = self._client.alter_alias if known else self._client.create_alias
        self._call(lambda: point(collection, alias, timeout=self._timeout_s))

    def drop_alias(self, alias: str) -> None:
        """Let an alias stand for nothing."""
        self._call(lambda: self._client.drop_alias(alias, timeout=self._timeout_s))

    def upsert(self, collection: str, rows: Sequence[Row], *, partition: str = "", partial: bool = False) -> None:
        """Write rows, in the place of those with the same key; `partial` leaves columns as they are that are not given."""
        for some in _some(rows):
            write = functools.partial(self._client.upsert, collection, list(some), timeout=self._timeout_s)
            self._call(functools.partial(write, partition_name=partition, partial_update=partial))

    def delete(self, collection: str, condition: str) -> None:
        """Delete the rows that meet a condition."""
        self._call(lambda: self._client.delete(collection, filter=condition, timeout=self._timeout_s), collection)

    def delete_keys(self, collection: str, key: str, keys: Sequence[int | str]) -> None:
        """Delete the rows with these primary keys; `key` is the column that has them."""
        for some in _some(keys):
            self.delete(collection, f"{key} in [{_listed(some)}]")

    def flush(self, collection: str) -> None:
        """Have what was written indexed now rather than when enough has come together."""
        self._call(lambda: self._client.flush(collection, timeout=_LOAD_S))

    def get(self, collection: str, key: str, keys: Sequence[int | str], columns: Sequence[str]) -> list[Row]:
        """The rows with these primary keys, in no order; `key` is the column that has them."""
        found: list[Row] = []
        for some in _some(keys):
            found += self._query(collection, f"{key} in [{_listed(some)}]", columns)
        return found

    def _query(self, collection: str, condition: str, columns: Sequence[str]) -> list[Row]:
        return self._call(
            lambda: [
                dict(row)
                for row in self._client.query(
                    collection, filter=condition, output_fields=list(columns), timeout=self._timeout_s, **self._reads
                )
            ],
            collection,
        )

    def scan(self, collection: str, condition: str, columns: Sequence[str], *, partition: str = "") -> Iterator[Row]:
        """All rows that meet a condition, however many, in the order of their primary keys."""
        rows = self._call(
            lambda: self._client.query_iterator(
                collection,
                filter=condition,
                output_fields=list(columns),
                partition_names=[partition] if partition else None,
                timeout=self._timeout_s,
                **_STRONG,
            ),
            collection,
        )
        try:
            while some := self._call(rows.next):
                yield from map(dict, some)
        finally:
            rows.close()

    def search(
        self,
        collection: str,
        column: str,
        sought: list[float] | dict[int, float],
        limit: int,
        condition: str,
        columns: Sequence[str],
        *,
        partition: str,
        ef: int,
    ) -> list[Row]:
        """The rows of a partition that meet a condition whose vectors have the largest dot products with one, largest first.

        `ef` is how many HNSW keeps in sight.
        """

        def ask() -> list[Row]:
            (hits,) = self._client.search(
                collection,
                [sought],
                anns_field=column,
                limit=limit,
                filter=condition,
                output_fields=list(columns),
                partition_names=[partition],
                search_params={"params": {"ef": max(ef, limit)}} if isinstance(sought, list) else {},
                timeout=self._timeout_s,
                **self._reads,
            )
            return [{"id": hit["id"], **hit["entity"]} for hit in hits]

        return self._call(ask, collection)

    def _call(self, work: Callable[[], T], collection: str = "") -> T:
        """What `work` gives. A collection that a server has only on disk, having been started anew, is loaded first."""
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            try:
                return work()
            except MilvusException as exc:
                if exc.code != _NOT_LOADED or not collection:
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
    if code == _NO_COLLECTION:
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


def _listed(keys: Sequence[int | str]) -> str:
    return ", ".join(literal(one) if isinstance(one, str) else str(one) for one in keys)


def _some(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))
