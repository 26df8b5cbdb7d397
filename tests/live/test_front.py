"""nginx in front, with nobody behind it: whatever it answers itself is a problem document."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.servers import free_port, is_open, until

ROOT = Path(__file__).parents[2]
WRITE = 'root=$0 var=$1; . "$root/scripts/lib/front.sh"; write_nginx_conf'


@pytest.fixture(scope="module")
def front(tmp_path_factory) -> Iterator[str]:
    """The address of an nginx as scripts/serve has it, while the api and the events are gone."""
    var, port = tmp_path_factory.mktemp("var"), free_port()
    (var / "run").mkdir()
    place = {"GRIDPATROL_BIND": "127.0.0.1", "GRIDPATROL_PORT": str(port)}
    subprocess.run(["bash", "-euc", WRITE, ROOT, var], env=os.environ | place, check=True)
    path = f"{os.environ['PATH']}:/usr/sbin"
    command = ["nginx", "-c", var / "run/nginx.conf", "-e", var / "log"]
    process = subprocess.Popen(command, env=os.environ | {"PATH": path})
    try:
        until(lambda: is_open(port))
        yield f"http://127.0.0.1:{port}"
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
    answer = requests.request(method, front + path, timeout=10, **more)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (f"/problems/{kind}", status)
    assert len(problem["trace_id"]) == 32


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "_kind", "title"), REFUSALS.values(), ids=REFUSALS
)
def test_nginx_says_it_in_chinese(front, method, path, more, status, _kind, title):
    headers = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"} | more.get("headers", {})
    answer = requests.request(method, front + path, timeout=10, **more | {"headers": headers})
    assert answer.json()["title"].endswith(title)


def test_who_finds_nobody_behind_it_is_told_when_to_try_again(front):
    answer = requests.get(front + "/api/v1/events", timeout=10)
    assert answer.headers["Retry-After"] == "5"
