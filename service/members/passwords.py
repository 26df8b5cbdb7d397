"""Passwords: how they are kept, and which may be set."""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import Unavailable
from service.values import is_clean

SHORTEST, LONGEST = 12, 128  # characters
FEWEST_OWN = 4  # different characters that must be left once common words and digits are taken out
AT_ONCE = 4  # passwords hashed at the same time by one process, 19 MiB each
PATIENCE = 5.0  # s, how long a sign-in waits for its turn
COMMON = Path(__file__).parent / "data" / "common_passwords.txt"

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's floor for Argon2id
_NOBODY = hasher.hash(secrets.token_hex())  # checked for unknown names, so that they take as long
_turns = BoundedSemaphore(AT_ONCE)


def hash(password: str) -> str:
    """The password as it is kept."""
    with _turn():
        return hasher.hash(_plain(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the kept password; takes as long where none is kept."""
    with _turn():
        try:
            return hasher.verify(kept or _NOBODY, _plain(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether the password was hashed with other parameters than those of today."""
    return hasher.check_needs_rehash(kept)


def check(password: object) -> str:
    """The password, if it may be set; raises ValueError with a sentence for the person who chose it."""
    if not isinstance(password, str) or not is_clean(password):
        raise ValueError("Not a text that can be typed.")
    plain = _plain(password)
    if len(plain) < SHORTEST or max(len(plain), len(password)) > LONGEST:
        raise ValueError(f"Takes {SHORTEST} to {LONGEST} characters.")
    if is_common(plain):
        raise ValueError("Too easy to guess: made of common words, digits or a few repeated signs.")
    return password


def is_common(password: str) -> bool:
    """Whether common words, digits and repeated signs are all there is to a password."""
    own = re.sub(r"[\d\s]+", "", _common_words().sub("", password.casefold()))
    return len(set(own)) < FEWEST_OWN


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)  # the same password from another keyboard


@cache
def _common_words() -> re.Pattern[str]:
    longest_first = sorted(COMMON.read_text(encoding="utf-8").casefold().split(), key=len, reverse=True)
    return re.compile("|".join(re.escape(word) for word in longest_first))


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE):
        raise Unavailable(retry_after=2)
    try:
        yield
    finally:
        _turns.release()
