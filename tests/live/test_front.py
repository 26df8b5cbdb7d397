"""nginx in front, with nobody behind it: whatever it answers itself is a problem document."""

import os
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from threading import Thread
from types import SimpleNamespace

import pytest
import requests

from tests.servers import free_port, is_open, until

ROOT = Path(__file__).parents[2]
WRITE = 'root=$0 var=$1; . "$root/scripts/lib/front.sh"; write_nginx_conf; echo "$sockets"'


@pytest.fixture(scope="module")
def front(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """An nginx as scripts/serve has it, while the api and the events are gone."""
    var, port = tmp_path_factory.mktemp("var"), free_port()
    (var / "run").mkdir()
    place = {"GRIDPATROL_BIND": "127.0.0.1", "GRIDPATROL_PORT": str(port)}
    write = ["bash", "-euc", WRITE, ROOT, var]
    sockets = subprocess.run(write, env=os.environ | place, check=True, capture_output=True, text=True).stdout
    path = f"{os.environ['PATH']}:/usr/sbin"
    command = ["nginx", "-c", var / "run/nginx.conf", "-e", var / "log"]
    process = subprocess.Popen(command, env=os.environ | {"PATH": path})
    try:
        until(lambda: is_open(port))
        yield SimpleNamespace(base=f"http://127.0.0.1:{port}", sockets=Path(sockets.strip()))
    finally:
        process.terminate()
        process.wait(10)


REFUSALS = {
    "the events are gone": ("GET", "/api/v1/events", {}, 503, "unavailable", "服务暂不可用，请稍后重试"),
    "the api is gone": ("GET", "/api/v1/me", {}, 503, "unavailable", "服务暂不可用，请稍后重试"),
    "too large": ("POST", "/api/v1/uploads", {"data": b"x" * 2**21}, 413, "too-large", "请求过大"),
    "too long": ("GET", "/" + "x" * 9000, {}, 414, "request-uri-too-long", "网址过长"),
    "unreadable": ("GET", "/", {"headers": {"X": "x" * 9000}}, 400, "unreadable", "请求无法读取"),
    "figures": ("GET", "/metrics", {}, 404, "not-found", "没有找到可供您查看的内容"),
}


@pytest.mark.parametrize(("method", "path", "more", "status", "kind", "_zh"), REFUSALS.values(), ids=REFUSALS)
def test_what_nginx_answers_itself_is_a_problem_document(front, method, path, more, status, kind, _zh):
    answer = requests.request(method, front.base + path, timeout=10, **more)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (f"/problems/{kind}", status)
    assert len(problem["trace_id"]) == 32


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "_kind", "title"), REFUSALS.values(), ids=REFUSALS
)
def test_nginx_says_it_in_chinese(front, method, path, more, status, _kind, title):
    headers = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"} | more.get("headers", {})
    answer = requests.request(method, front.base + path, timeout=10, **more | {"headers": headers})
    assert answer.json()["title"].endswith(title)


class Stand(BaseHTTPRequestHandler):
    """Answers in the place of the api."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def address_string(self) -> str:
        return "nginx"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_call_for_help_finds_the_api_when_the_events_are_gone(front):
    with UnixStreamServer(str(front.sockets / "api"), Stand) as api:
        Thread(target=api.serve_forever, daemon=True).start()
        answer = requests.post(f"{front.base}/api/v1/alarms", json={}, timeout=10)
        api.shutdown()
    (front.sockets / "api").unlink()
    assert answer.status_code == 201


def test_who_finds_nobody_behind_it_is_told_when_to_try_again(front):
    answer = requests.get(front.base + "/api/v1/events", timeout=10)
    assert answer.headers["Retry-After"] == "5"


LARGE = ("/clients/gpslogger/t", "/clients/overland/t", "/api/v1/assignments/bulk", "/api/v1/media/0")


@pytest.mark.parametrize("path", LARGE)
def test_a_large_body_that_the_api_would_take_is_to_be_sent_again_when_it_is_gone(front, path):
    answer = requests.post(front.base + path, data=b"x" * 2**21, timeout=10)
    assert answer.status_code == 503
