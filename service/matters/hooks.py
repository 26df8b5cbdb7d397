"""Telling another platform something over HTTPS: signed, to a public address that was looked up once.

The name is resolved here and the connection goes to the very address that was checked, so that a name whose
answer changes meanwhile (DNS rebinding) leads nowhere else. Redirects are not followed.
"""

import hashlib
import hmac
import ipaddress
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 5.0  # s, for whatever comes next
LONGEST = 15.0  # s, for all of it: who answers byte by byte holds nobody up
LONGEST_URL = 500
_LABEL = re.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile("[0-9]+|0x[0-9a-f]*")
_INNER = ("localhost", "local", "internal", "lan", "intranet")
_INSIDE = "::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2002::/16 2001::/32"
_GATEWAYS = [ipaddress.IPv6Network(each) for each in _INSIDE.split()]  # to an IPv4 address inside it


class Unreachable(Exception):
    """It could not be told; the text says why, without addresses."""


def read_url(value: str) -> str:
    """The URL, if somebody may be told there; raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError("Not an https URL without user name and fragment.")
    if not value.isascii() or not value.isprintable() or " " in value or len(value) > LONGEST_URL:
        raise ValueError(f"Not a URL in ASCII of at most {LONGEST_URL} characters.")
    if parts.port == 0:
        raise ValueError("Port 0 cannot be reached.")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        if not _is_public_name(parts.hostname):
            raise ValueError("Not a public host name.") from None
        return value
    if not is_public(str(literal)):
        raise ValueError("Not a public address.")
    return value


def _is_public_name(host: str) -> bool:
    """Whether a name in small letters could be anybody's; one whose last label is a number is an address.

    Resolvers read 0x7f.1, 0177.0.0.1 and 127.1 as addresses, too (WHATWG URL, "ends in a number").
    """
    labels = host.removesuffix(".").split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(each) for each in labels):
        return False
    return not _NUMBER.fullmatch(labels[-1]) and labels[-1] not in _INNER and labels[-2:] != ["home", "arpa"]


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody in the internet could have."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and any(ip in each for each in _GATEWAYS):
        return False  # a gateway carries it on to an IPv4 address of anybody's choice
    return ip.is_global and not ip.is_multicast


def pinned(host: str, port: int) -> str:
    """The address to connect to; raises Unreachable unless all that the name stands for are public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("the name is unknown") from None
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise Unreachable("the name leads to a private address")
    return addresses[0]


def sign(secret: bytes, at: int, body: bytes) -> str:
    """The `Gridpatrol-Signature`: `t=<unix s>,v1=<HMAC-SHA-256 of "t.body" in hexadecimal>`."""
    mac = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def body_of(facts: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()


def tell(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a body, and give the status of the answer; raises Unreachable."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = pinned(host, port)
    return post(address, host, port, path, body, headers, ssl.create_default_context())


@contextmanager
def _no_longer_than(seconds: float, connected: socket.socket) -> Iterator[None]:
    """Cut a connection off after a while, whoever is reading from it then."""
    cut = threading.Timer(seconds, _cut, (connected,))
    cut.daemon = True
    cut.start()
    try:
        yield
    finally:
        cut.cancel()


def _cut(connected: socket.socket) -> None:
    with suppress(OSError):  # gone already
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def post(
    address: str,
    host: str,
    port: int,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    context: ssl.SSLContext,
) -> int:
    """The status that a host answers with at this address, its certificate checked; raises Unreachable."""
    connection = HTTPConnection(host, port, timeout=PATIENCE)
    try:
        plain = socket.create_connection((address, port), PATIENCE)
        wrapped = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        with wrapped as connection.sock, _no_longer_than(LONGEST, wrapped):
            wrapped.do_handshake()
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            return connection.getresponse().status
    except ssl.SSLError:
        raise Unreachable("the certificate or TLS does not hold") from None
    except (OSError, HTTPException, ValueError):
        raise Unreachable("no answer") from None
