"""OwnTracks' encrypted messages: libsodium's secretbox under a passphrase padded with zeros to 32 bytes."""

import base64
import binascii
from typing import Any

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from service import gate
from service.errors import Problem
from service.members.devices import PASSPHRASE


def opened(message: Any, token: str) -> Any:
    """The message within an encrypted one; one in the clear as it is, None for what stays closed.

    The passphrase is the beginning of the device's token.
    """
    if not isinstance(message, dict) or message.get("_type") != "encrypted":
        return message
    box = SecretBox(token[:PASSPHRASE].encode().ljust(SecretBox.KEY_SIZE, b"\0")[: SecretBox.KEY_SIZE])
    try:
        return gate.read_json(box.decrypt(base64.b64decode(message.get("data") or "", validate=True)))
    except (CryptoError, binascii.Error, TypeError, ValueError, Problem):
        return None
