"""Secrets that are shown once and kept as a hash."""

import hashlib
import re
import secrets

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_MISREAD = str.maketrans("ILO", "110", "- ")


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Whether a text could be a token at all; what comes from outside may be anything."""
    return _TOKEN.fullmatch(text) is not None


def new_code() -> str:
    """A code of 100 random bits that a person can read out: `4XWQ8-0ZK3M-R7T5B-9HNPD`."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def hash_of(token: str) -> bytes:
    """What is kept of a token; a slow hash would add nothing to so many random bits."""
    return hashlib.sha256(token.encode()).digest()


def hash_of_code(code: str) -> bytes:
    """What is kept of a code, whatever its case and gaps and however its letters were read."""
    return hash_of(code.upper().translate(_MISREAD))
