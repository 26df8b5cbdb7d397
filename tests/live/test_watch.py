"""scripts/serve starts again what ends by itself, and tells what cannot be started."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.servers import until

ROOT = Path(__file__).parents[2]
WATCH = """
root=$0 var=$1 command=$2
say() { printf '%s\\n' "$*" >&2; }
die() { say "watch: $*"; exit 1; }
cluster_down() { :; }
. "$root/scripts/lib/running.sh"
stop_at_the_end 0
start worker sh -c "$command"
watch_over"""


@pytest.fixture
def watch(tmp_path):
    """Watches over one process that does what a line of shell says."""
    started = []

    def start(command):
        for folder in ("run", "log"):
            (tmp_path / folder).mkdir()
        watching = subprocess.Popen(
            ["bash", "-euc", WATCH, ROOT, tmp_path, command], stderr=subprocess.PIPE, text=True
        )
        started.append(watching)
        return watching

    yield start
    for watching in started:
        watching.terminate()
        watching.wait(30)


def pid_of(file):
    return int(file.read_text() or 0) if file.exists() else 0


def test_a_killed_process_is_started_again_and_its_children_go(watch, tmp_path):
    file, child = tmp_path / "run/worker.pid", tmp_path / "child"
    watch(f"sleep 300 & echo $! >{child}; wait")
    until(lambda: pid_of(child))
    first, orphan = pid_of(file), pid_of(child)
    os.kill(first, signal.SIGKILL)
    until(lambda: pid_of(file) not in (0, first) and pid_of(child) not in (0, orphan))
    assert (Path(f"/proc/{orphan}").exists(), Path(f"/proc/{pid_of(file)}").exists()) == (False, True)


def test_a_process_that_ends_again_and_again_is_told(watch):
    watching = watch("exit 3")
    assert (watching.wait(60), "worker ends again and again" in watching.stderr.read()) == (1, True)


def test_when_the_watch_ends_its_processes_end(watch, tmp_path):
    file = tmp_path / "run/worker.pid"
    watching = watch("exec sleep 300")
    until(lambda: pid_of(file))
    pid = pid_of(file)
    watching.terminate()
    assert (watching.wait(30), Path(f"/proc/{pid}").exists()) == (0, False)


def test_an_nginx_that_was_left_behind_is_known_and_stopped(watch, tmp_path):
    conf, work = tmp_path / "run/nginx.conf", tmp_path / "run"
    watching = watch(f"PATH=$PATH:/usr/sbin exec nginx -c {conf} -e stderr")
    conf.write_text(f"daemon off; pid {work}/nginx.pid; error_log stderr; events {{}}")
    until(lambda: pid_of(work / "nginx.pid"))
    left = pid_of(work / "nginx.pid")
    watching.kill()
    script = WATCH.partition("stop_at_the_end")[0] + "stop_leftovers"
    (work / "worker.pid").rename(work / "proxy.pid")
    subprocess.run(["bash", "-euc", script, ROOT, tmp_path, ""], check=True, timeout=30)
    assert not is_running(left)


def is_running(pid):
    """Whether a process has not ended; its number may stay until somebody asks for it."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
