"""Session, transaction, fetch, ask, announce."""

import math
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import DateTime, Engine, MetaData, Select, Text, create_engine, event, func, select, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

from service.errors import Conflict, Invalid, NotFound, Problem, Unavailable, explain
from service.settings import Settings

session = scoped_session(sessionmaker(expire_on_commit=False))
Row = TypeVar("Row")
IDLE = 5.0  # s; a connection that was used since is taken to live
_inherited: list[Any] = []  # kept, because SQLAlchemy rolls back what nobody holds any more
_listeners: dict[str, list[Callable[..., None]]] = defaultdict(list)


class Base(DeclarativeBase):
    """Every table of a prefecture; the connection's search path says which prefecture."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text()}
    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )


def connect(settings: Settings, longest: str = "0") -> Engine:
    """An engine whose connections see the prefecture, the job queue and PostGIS, in that order.

    `longest` is how long a statement may take; 0 is as long as it needs.
    """
    bound = engine(settings, longest, settings.pool_size)
    session.remove()
    session.configure(bind=bound)
    return bound


def start_apart() -> None:
    """Called first in a process that was forked: it gets connections of its own.

    Those of its parent are left open and are never spoken through; their owner goes on using them.
    """
    _inherited.append(session())
    cast(Engine, session.get_bind()).dispose(close=False)
    session.registry.clear()


def engine(settings: Settings, longest: str, size: int) -> Engine:
    """An engine with a pool of its own, to which no session is bound yet."""
    made = create_engine(
        settings.database_url,
        pool_size=size,
        pool_timeout=5,
        connect_args={
            "options": f"-csearch_path={settings.schema},{settings.jobs_schema},public"
            " -ctimezone=UTC -clock_timeout=3s -cidle_in_transaction_session_timeout=60s"
            f" -cstatement_timeout={longest}"
        },
    )
    event.listen(made, "checkin", _note_return)
    event.listen(made, "checkout", _ping_if_idle)
    return made


def _note_return(_connection: object, record: Any) -> None:
    record.info["returned"] = time.monotonic()


def _ping_if_idle(connection: psycopg.Connection, record: Any, _proxy: object) -> None:
    """A connection that has lain idle may be dead; the pool then opens another."""
    if time.monotonic() - record.info.get("returned", math.inf) < IDLE:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.OperationalError as error:
        raise DisconnectionError from error


@contextmanager
def transaction() -> Iterator[None]:
    """Commit once if the block succeeds, roll back if it raises; broken constraints become problems."""
    try:
        yield
        session.commit()
    except (DBAPIError, psycopg.Error) as error:
        if isinstance(error, psycopg.OperationalError):  # SQLAlchemy has not seen it
            session().invalidate()
        session.rollback()
        raise _problem(error) from error
    except PoolTimeout as error:  # every connection of the pool is in use
        session.rollback()
        raise Unavailable(retry_after=2) from error
    except BaseException:
        session.rollback()
        raise


def _problem(error: DBAPIError | psycopg.Error) -> Exception:
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    if problem := explain(constraint):
        return problem
    if isinstance(cause, psycopg.IntegrityError):
        return Conflict()
    if isinstance(cause, psycopg.OperationalError) or getattr(error, "connection_invalidated", False):
        return Unavailable(retry_after=2)
    if isinstance(cause, psycopg.DataError):
        return Invalid("A value is outside what can be stored.")
    return error


def fetch(select: Select[Row], **key: Any) -> Row:
    """The one row of `select` with this key; raises NotFound if it is not there, or not to be seen."""
    row = session.scalars(select.filter_by(**key)).one_or_none()
    if row is None:
        raise NotFound
    return row


def ask(sql: str, **values: Any) -> Sequence[Any]:
    """The rows that a statement in plain SQL gives, in this transaction; for what every upload does.

    psycopg's own cursor spares SQLAlchemy's work around it, and prepares what has come five times. What the
    session has not flushed is not seen.
    """
    with driver().cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else ()


def glance(sql: str, **values: Any) -> Sequence[Any]:
    """The rows of one statement that only reads, by itself: no transaction is begun for it, or joined.

    Spares the session's work and the two ways to the database around the statement. Where the session is
    bound to one connection, everything happens in there.
    """
    bind = session.session_factory.kw["bind"]
    if not isinstance(bind, Engine):
        return ask(sql, **values)
    try:
        with _alone(bind) as connection, connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(sql, values).fetchall()
    except (DBAPIError, psycopg.Error) as error:
        raise _problem(error) from error
    except PoolTimeout as error:
        raise Unavailable(retry_after=2) from error


@contextmanager
def _alone(bind: Engine) -> Iterator[psycopg.Connection]:
    """A connection of the pool on which each statement is a transaction of its own; not when it goes back."""
    pooled = bind.raw_connection()
    connection = cast(psycopg.Connection, pooled.driver_connection)
    try:
        connection.autocommit = True
        yield connection
    except psycopg.OperationalError:
        pooled.invalidate()
        raise
    finally:
        if not connection.closed:
            connection.autocommit = False
        pooled.close()


def driver() -> psycopg.Connection:
    """psycopg's own connection, in this transaction."""
    return cast(psycopg.Connection, session.connection().connection.driver_connection)


def listen(kind: str, listener: Callable[..., None]) -> None:
    """Have `listener` called, inside the same transaction, whenever `kind` is announced."""
    if listener not in _listeners[kind]:
        _listeners[kind].append(listener)


def announce(kind: str, **facts: Any) -> None:
    """Tell whoever listens, inside this transaction, that something has happened."""
    for listener in _listeners[kind]:
        listener(**facts)


def moment() -> datetime:
    """When this transaction began, by the database's clock: what `now()` is in its statements."""
    return session.scalars(select(func.now())).one()


def uuid7() -> uuid.UUID:
    """A new time-ordered id (RFC 9562, version 7)."""
    stamp = time.time_ns() // 1_000_000
    bits = stamp << 80 | 0x7 << 76 | int.from_bytes(os.urandom(2)) >> 4 << 64
    return uuid.UUID(int=bits | 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2)


def is_answering() -> bool:
    """Whether the database can be asked something."""
    try:
        session.execute(text("SELECT 1"))
        return True
    except (DBAPIError, Problem):
        session.rollback()
        return False
