"""Traffic on this machine alone: a gunicorn of our own, and batches sent over several connections at once."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any, NamedTuple

from bench.table import seconds

HOST = "127.0.0.1"
WORKERS = 2
PATIENCE = 30  # s, to start and to stop

Send = Callable[[Any], None]


class Sent(NamedTuple):
    """How long all batches took together, and each by itself; seconds."""

    took: float
    waits: list[float]


@contextmanager
def serving(*application: str) -> Iterator[int]:
    """The port of a gunicorn as the product is served; another application may be named."""
    with started(*application) as (port, _):
        yield port


@contextmanager
def started(*application: str) -> Iterator[tuple[int, int]]:
    """The same port, and the id of the process that has the workers under it."""
    port = free_port()
    serve = [sys.executable, "-m", "gunicorn", "--config", "docker/gunicorn.conf.py", *application]
    place = {"GRIDPATROL_BIND": HOST, "GRIDPATROL_PORT": str(port), "GRIDPATROL_WORKERS": str(WORKERS)}
    process = subprocess.Popen(
        serve, env=os.environ | place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_answer(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE)


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server((HOST, 0)) as server:
        return server.getsockname()[1]


def await_answer(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until it answers: gunicorn listens before its workers have started, and then lets callers wait."""
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            connection = HTTPConnection(HOST, port, timeout=PATIENCE)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server to measure has not started")


def poster(
    port: int, path: str, body: Callable[[Any], bytes], head: Mapping[str, str], stored: bytes = b'"stored"'
) -> Send:
    """Sends batches over one connection; an answer that says of nothing that it was stored ends the bench."""
    connection = HTTPConnection(HOST, port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", **head}

    def send(batch: Any) -> None:
        connection.request("POST", path, body(batch), headers)
        response = connection.getresponse()
        text = response.read()
        if response.status not in (200, 201) or stored not in text:
            raise RuntimeError(f"{path} answered {response.status}: {text[:500]!r}")

    return send


class Line:
    """One connection that asks for documents one after the other, and costs the machine next to nothing.

    Reading a head with the standard library's client takes longer than some answers take to make.
    """

    def __init__(self, port: int, **head: str) -> None:
        self.port = port
        self.head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": HOST, **head}.items())
        self.socket = socket.create_connection((HOST, port), PATIENCE)

    def get(self, path: str, more: str = "") -> tuple[int, bytes, bytes]:
        """Status, head and body; a connection on which the server has hung up meanwhile is opened again."""
        request = f"GET {path} HTTP/1.1\r\n{self.head}{more}\r\n".encode()
        try:
            return self._ask(request)
        except ConnectionError:
            self.socket.close()
            self.socket = socket.create_connection((HOST, self.port), PATIENCE)
            return self._ask(request)

    def _ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        self.socket.sendall(request)
        answer = self._more()
        while (ends := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        head, status = answer[: ends + 2].lower(), int(answer[9:12])
        length = 0 if status == 304 else int(field(head, b"content-length"))
        while len(answer) < ends + 4 + length:
            answer += self._more()
        return status, head, answer[ends + 4 :]

    def _more(self) -> bytes:
        received = self.socket.recv(1 << 20)
        if not received:
            raise ConnectionError
        return received


def field(head: bytes, name: bytes) -> str:
    """The value of a field in a head of small letters."""
    start = head.index(b"\r\n" + name + b":") + len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip().decode()


def drive(senders: Sequence[Send], batches: Sequence[Any]) -> Sent:
    """Send all batches, the first to the first sender and so on in turn; each sender has its own thread."""
    shares = [batches[number :: len(senders)] for number in range(len(senders))]
    with ThreadPoolExecutor(len(senders)) as threads:
        start = time.perf_counter()
        waits = list(threads.map(_send_all, senders, shares))
        return Sent(time.perf_counter() - start, [wait for each in waits for wait in each])


def _send_all(send: Send, batches: Sequence[Any]) -> list[float]:
    return [seconds(send, batch) for batch in batches]
