"""Transactions and named queries on one store file; rings the bell after whatever was kept."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.model.delta import Cursor
from hpo_widgets.store import rows
from hpo_widgets.store.bell import Bell
from hpo_widgets.store.connection import Connections
from hpo_widgets.store.queries import QUERIES
from hpo_widgets.store.trouble import translate, translated

INSERT_SCALAR = QUERIES["insert_scalar"]


class _Transaction(threading.local):
    """Is the open transaction of each thread."""

    revision: int | None = None
    """The clock in it; `None` when there is none."""
    scalar: int | None = None
    """Key of the last scalar before its own; `None` when it has recorded none."""
    pressing: bool = False
    """Whether something was written that somebody has to act on; else it is news for those who watch scalars."""


class Session:
    """Runs queries. Safe from any thread; each thread has its own transaction.

    Args:
        connections: Where to run them.
        bell: Rung after each commit.
    """

    def __init__(self, connections: Connections, bell: Bell) -> None:
        self.connections = connections
        self.path = connections.path
        self._bell = bell
        self._mine = _Transaction()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes what is written inside one transaction; inside another one it is a part of that."""
        connection = self.connections.get()
        if self._mine.revision is not None:
            self._check_alive(connection)
            yield
            return
        ending = False
        try:
            self._begin(connection)
            yield
            self._check_alive(connection)
            ending = True
            with translated(self.path):
                connection.execute("COMMIT")
        except BaseException as error:
            # An interrupt is raised after the statement it fell into: the commit may have been carried out.
            ending = ending and not connection.in_transaction and isinstance(error, (KeyboardInterrupt, SystemExit))
            _roll_back(connection)
            raise
        finally:
            pressing = self._mine.pressing
            scalars = self._mine.scalar is not None or not pressing
            self._mine.revision = self._mine.scalar = None
            self._mine.pressing = False
            if ending:
                self._bell.ring(states=pressing, scalars=scalars)

    def _begin(self, connection: sqlite3.Connection) -> None:
        self.connections.check_present()
        _roll_back(connection)  # what an interrupt may have left open
        with translated(self.path):
            connection.execute("BEGIN IMMEDIATE")
            self._mine.revision = connection.execute(QUERIES["tick"]).fetchone()[0]

    def _check_alive(self, connection: sqlite3.Connection) -> None:
        if not connection.in_transaction:  # on a full disk SQLite ends it by itself, without an end to our block
            raise StoreUnavailable(f"{self.path}: the transaction was rolled back by an error before; try it again.")

    def write(self, query: str, *, pressing: bool = True, **values: Any) -> list[sqlite3.Row]:
        """Runs a query (named, or as SQL) that changes studies, tasks or requests; `:revision` is the clock.

        What is not `pressing` wakes only those who hear of scalars, and they may take their time.
        """
        with self.transaction(), translated(self.path):
            self._mine.pressing = self._mine.pressing or pressing
            arguments = {name: rows.dump(value) for name, value in values.items()}
            arguments["revision"] = self._mine.revision
            return self.connections.get().execute(QUERIES.get(query, query), arguments).fetchall()

    def change(
        self,
        table: str,
        id: str,
        changes: dict[str, Any],
        condition: str = "true",
        *,
        pressing: bool = True,
        **more: Any,
    ) -> list[sqlite3.Row]:
        """Changes columns of a row by its id and gives it; the names of columns come from our records only."""
        sets = "".join(f"{name} = :{name}, " for name in rows.checked_columns(table, changes))
        query = f"UPDATE {table} SET {sets}revision = :revision WHERE id = :_id AND {condition} RETURNING *"
        return self.write(query, pressing=pressing, _id=id, **changes, **more)

    def put(self, query: str, **values: Any) -> None:
        """Runs a query that changes nothing anybody watches."""
        with translated(self.path):
            connection = self.connections.get()
            if self._mine.revision is not None:
                self._check_alive(connection)
            else:
                self.connections.check_present()
                _roll_back(connection)
            connection.execute(QUERIES[query], {name: rows.dump(value) for name, value in values.items()})

    def read(self, query: str, **values: Any) -> list[sqlite3.Row]:
        """Runs a named query that changes nothing."""
        with translated(self.path):
            arguments = {name: rows.dump(value) for name, value in values.items()}
            return self.connections.get().execute(QUERIES[query], arguments).fetchall()

    def read_plain(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Runs a named query that changes nothing, for many rows: they come without the names of columns."""
        with translated(self.path):
            cursor = self.connections.get().cursor()
            cursor.row_factory = None
            return cursor.execute(QUERIES[query], {name: rows.dump(value) for name, value in values.items()}).fetchall()

    @contextlib.contextmanager
    def view(self) -> Iterator[None]:
        """Makes all reads inside see the store at one moment."""
        connection = self.connections.get()
        if self._mine.revision is not None:
            yield
            return
        with translated(self.path):
            try:
                _roll_back(connection)
                connection.execute("BEGIN")
                yield
            finally:
                _roll_back(connection)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread has a transaction open."""
        return self._mine.revision is not None

    def append(
        self, points: Sequence[tuple[int, int, int, float, float]], also: tuple[str, dict[str, Any]] | None = None
    ) -> None:
        """Inserts scalars (task key, metric key, iteration, time, value), and runs another named query; all or none."""
        connection = self.connections.get()
        if self._mine.revision is not None:
            self._check_alive(connection)
            with translated(self.path):
                if self._mine.scalar is None:
                    self._mine.scalar = connection.execute(QUERIES["cursor"]).fetchone()[1]
                connection.executemany(INSERT_SCALAR, points)
                if also is not None:
                    connection.execute(QUERIES[also[0]], also[1])
            return
        kept = False
        try:
            self.connections.check_present()
            _roll_back(connection)
            if len(points) == 1 and also is None:
                connection.execute(INSERT_SCALAR, points[0])
            else:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(INSERT_SCALAR, points)
                if also is not None:
                    connection.execute(QUERIES[also[0]], also[1])
                connection.execute("COMMIT")
            kept = True
        except (sqlite3.Error, OverflowError) as error:
            _roll_back(connection)
            raise translate(error, self.path) from error
        except BaseException as error:
            kept = not connection.in_transaction and isinstance(error, (KeyboardInterrupt, SystemExit))
            _roll_back(connection)
            raise
        finally:
            if kept:
                self._bell.ring(states=False, scalars=True)

    def warm_up(self) -> None:
        """Does, ahead of the first report, what it would wait for: reads the schema, compiles, finds the watches."""
        with translated(self.path):
            connection = self.connections.get()
            for query in (INSERT_SCALAR, QUERIES["finish"]):
                connection.executemany(query, [])  # compiles it and carries nothing out
            connection.execute(QUERIES["metric_key"], {"title": "", "series": ""}).fetchall()
        self._bell.find()

    def cursor(self) -> Cursor:
        """Gives the end of the history; in a transaction the end before it, for what it does may come to nothing."""
        revision, scalar = self.read("cursor")[0]
        if self._mine.revision is not None:
            revision -= 1
            scalar = scalar if self._mine.scalar is None else self._mine.scalar
        return Cursor(revision, scalar)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):  # it does not hide the error that led here
            connection.execute("ROLLBACK")
