"""What proves that a phone was at a checkpoint: codes on displays and paper, tags. No database, no clock.

`GP1.<code>.<step>.<50 bits>` changes every STEP seconds, `GP0.<code>.<80 bits>` is printed. A tag proves by
its bare UID, or an NTAG 424 DNA by its SUN message: `uid=…&ctr=…&cmac=…` in the clear, or `uid=…&e=…&c=…` as
the tag encrypts it, with the UID that a phone reads anyway (NXP AN12196; no encrypted file data, one key).
"""

import hashlib
import hmac
import re
from base64 import b32encode
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

STEP = 30  # s, how long a display shows one code
TOLERANCE = timedelta(seconds=150)  # a clock less than two minutes off is never corrected
_ROTATING = re.compile(r"GP1\.([A-Z2-7]{8})\.([0-9]{1,12})\.([A-Z2-7]{10})", re.ASCII)
_STATIC = re.compile(r"GP0\.([A-Z2-7]{8})\.([A-Z2-7]{16})", re.ASCII)
_UID = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}", re.ASCII)
_PICC_UID_AND_COUNTER = 0xC7  # PICCDataTag: 7-byte UID, and the read counter


class Claim(NamedTuple):
    """A proof as it was sent, taken apart; `key` is the checkpoint's code, or its tag's UID."""

    kind: str  # rotating, static, uid, sun
    key: str
    step: int = 0
    mac: str = ""
    sealed: str = ""  # a tag's encrypted data, in hexadecimal digits
    counter: int = 0


class Finding(NamedTuple):
    """What a claim is worth: ok, stale, forged or unknown."""

    verdict: str
    is_fresh: bool = False  # made for this one moment or touch
    text: str | None = None  # the same proof always in the same words


def step_at(time: datetime) -> int:
    """The number of the code that a display shows at a time."""
    return int(time.timestamp()) // STEP


def make(secret: bytes, code: str, step: int) -> str:
    """The code that a display shows during a step."""
    return f"GP1.{code}.{step}.{_mac(secret, f'GP1.{code}.{step}', 10)}"


def make_static(secret: bytes, code: str) -> str:
    """The code that is printed."""
    return f"GP0.{code}.{_mac(secret, f'GP0.{code}', 16)}"


def _mac(secret: bytes, text: str, letters: int) -> str:
    return b32encode(hmac.digest(secret, text.encode(), hashlib.sha256))[:letters].decode()


def read(proof: str) -> Claim | None:
    """A proof taken apart; None if it has no form of ours."""
    if found := _ROTATING.fullmatch(proof):
        return Claim("rotating", found[1], int(found[2]), found[3])
    if found := _STATIC.fullmatch(proof):
        return Claim("static", found[1], mac=found[2])
    uid = proof.replace(":", "").upper()
    return Claim("uid", uid) if _UID.fullmatch(uid) else _read_sun(proof)


def _read_sun(proof: str) -> Claim | None:
    given = {name: values[0].upper() for name, values in parse_qs(proof.rpartition("?")[2]).items()}
    uid, sealed = given.get("uid", ""), given.get("picc_data", given.get("e", ""))
    mac, counter = given.get("cmac", given.get("c", "")), given.get("ctr", "0")
    forms = ((uid, r"[0-9A-F]{14}"), (mac, r"[0-9A-F]{16}"), (counter, r"[0-9A-F]{1,6}"))
    if not all(re.fullmatch(form, text, re.ASCII) for text, form in forms):
        return None
    if sealed and not re.fullmatch(r"[0-9A-F]{32}", sealed, re.ASCII):
        return None
    return None if not sealed and "ctr" not in given else Claim("sun", uid, 0, mac, sealed, int(counter, 16))


def verify(claim: Claim, secret: bytes, tag_key: bytes | None, at: datetime) -> Finding:
    """What a claim on a checkpoint is worth for something that happened at a time, whenever it arrives."""
    if claim.kind == "uid":  # anybody can copy a UID: it proves nothing of a tag that could sign
        return Finding("unknown") if tag_key else Finding("ok", False, claim.key)
    if claim.kind == "sun":
        return _verify_sun(claim, tag_key)
    text = make_static(secret, claim.key) if claim.kind == "static" else make(secret, claim.key, claim.step)
    if not hmac.compare_digest(text.rpartition(".")[2], claim.mac):
        return Finding("forged")
    if claim.kind == "static":
        return Finding("ok", False, text)
    off = at.timestamp() - claim.step * STEP
    is_now = -TOLERANCE.total_seconds() <= off <= STEP + TOLERANCE.total_seconds()
    return Finding("ok" if is_now else "stale", is_now, text)


def _verify_sun(claim: Claim, key: bytes | None) -> Finding:
    if key is None:
        return Finding("unknown")
    uid, counter = bytes.fromhex(claim.key), claim.counter.to_bytes(3, "little")
    if claim.sealed:
        data = unseal(key, bytes.fromhex(claim.sealed))
        if data[0] != _PICC_UID_AND_COUNTER or data[1:8] != uid:
            return Finding("forged")
        counter = data[8:11]
    if not hmac.compare_digest(sun_mac(key, uid, counter), bytes.fromhex(claim.mac)):
        return Finding("forged")
    return Finding("ok", True, f"uid={claim.key}&ctr={counter[::-1].hex().upper()}&cmac={claim.mac}")


def unseal(key: bytes, sealed: bytes) -> bytes:
    """A tag's PICC data, decrypted: AES-CBC with a zero vector."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()


def sun_mac(key: bytes, uid: bytes, counter: bytes) -> bytes:
    """The eight bytes that a tag mirrors: every second one of a CMAC over nothing, under its session key."""
    session_key = _cmac(key, bytes.fromhex("3CC300010080") + uid + counter)
    return _cmac(session_key, b"")[1::2]


def _cmac(key: bytes, message: bytes) -> bytes:
    cmac = CMAC(algorithms.AES(key))
    cmac.update(message)
    return cmac.finalize()
