"""Answers that may be asked for again: a POST with an `Idempotency-Key` is done once.

After the IETF draft "The Idempotency-Key HTTP Header Field". What is kept can be read by nobody but the
caller: the name of a row is a hash, and the answer, which may hold a token, is sealed, both under the
caller's token and key.
"""

import hashlib
import json
from datetime import datetime
from typing import NamedTuple

from nacl.secret import SecretBox
from sqlalchemy import LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, ask, session
from service.errors import Invalid


class Retry(Base):
    """A request that was done, and what was answered; erased after a day."""

    __tablename__ = "retries"

    name: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    asked: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256 of the request
    answer: Mapped[bytes] = mapped_column(LargeBinary)  # sealed; empty until the request is done
    made_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class KeyReused(Invalid):
    title, title_zh = (
        "This Idempotency-Key came before with another request",
        "该 Idempotency-Key 已用于另一个请求",
    )


class Answer(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Name(NamedTuple):
    """Under what a request is known again: what its row is called, and what opens its answer."""

    row: bytes
    box: SecretBox

    @classmethod
    def of(cls, token: str, key: str) -> "Name":
        """That of a caller's key."""
        row, opens = (hashlib.sha256(f"{use} {token} {key}".encode()).digest() for use in ("row", "box"))
        return cls(row, SecretBox(opens))


_BEGIN = """
INSERT INTO retries (name, asked, answer) VALUES (%(name)s, %(asked)s, '')
ON CONFLICT DO NOTHING RETURNING name"""


def begin(name: Name, asked: bytes) -> Answer | None:
    """What the same request was answered before, or None: then it is to be done now.

    Whoever comes while the first is under way waits for its end. Raises KeyReused for another request.
    """
    if ask(_BEGIN, name=name.row, asked=asked):
        return None
    row = session.get_one(Retry, name.row, populate_existing=True)
    if row.asked != asked:
        raise KeyReused
    head, _, body = name.box.decrypt(row.answer).partition(b"\n")
    status, headers = json.loads(head)
    return Answer(status, headers, body)


def finish(name: Name, answer: Answer) -> None:
    """Keep the answer, in the transaction of what was done."""
    head = json.dumps([answer.status, answer.headers]).encode()
    session.get_one(Retry, name.row).answer = name.box.encrypt(head + b"\n" + answer.body)
