"""What is no request that the application could be given is answered as a problem document, too."""

import json
import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

HOST = b"Host: gridpatrol\r\n"
RAW = {
    "a request line that is too long": (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a header that is too long": (b"GET / HTTP/1.1\r\nX: " + b"x" * 73_000 + b"\r\n\r\n", 431),
    "too many headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 60 + b"\r\n", 431),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "no method": (b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no version": (b"GET / HTTP/x\r\n" + HOST + b"\r\n", 400),
    "a header without a name": (b"GET / HTTP/1.1\r\n: y\r\n\r\n", 400),
    "a length that is no number": (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    "a length and chunks": (
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "an unknown transfer coding": (b"POST / HTTP/1.1\r\nTransfer-Encoding: snappy\r\n\r\n", 501),
}


@pytest.mark.parametrize(("raw", "status"), RAW.values(), ids=RAW.keys())
def test_even_what_is_no_request_is_answered_by_a_problem_document(server, raw, status):
    where = urlsplit(server.base)
    with socket.create_connection((where.hostname, where.port), timeout=20) as line:
        line.sendall(raw)
        answer = HTTPResponse(line)
        answer.begin()
        problem = json.loads(answer.read())
    told = answer.status, answer.headers["Content-Type"], problem["status"]
    assert told == (status, "application/problem+json", status)
