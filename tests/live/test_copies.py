"""A backup is whole or refused, and a restored copy is the database, the photos and the heads of before."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.servers import a_database

ROOT = Path(__file__).parents[2]
DO = """
root=$0 var=$1
say() { printf '%s\\n' "$*" >&2; }
die() { say "$*"; exit 1; }
logged() { shift; "$@"; }
. "$root/scripts/lib/cluster.sh"
. "$root/scripts/lib/copies.sh"
bin=$(server_bin)
shift
"$@" """


@pytest.fixture
def var(tmp_path):
    """A place with one photo, and a head."""
    (tmp_path / "log").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "media/ab").mkdir(parents=True)
    (tmp_path / "media/ab/photo.jpg").write_bytes(b"a picture")
    (tmp_path / "heads.jsonl").write_text("of the copy\n")
    return tmp_path


@pytest.fixture
def do(var):
    """Calls one of the functions; gives its code and what it says."""

    def call(*command):
        place = {
            "GRIDPATROL_MEDIA_URL": str(var / "media"),
            "GRIDPATROL_AUDIT_HEADS": str(var / "heads.jsonl"),
        }
        place |= {"GRIDPATROL_DEMO_ACCOUNTS": str(var / "none.json")}
        arguments = ["bash", "-euo", "pipefail", "-c", DO, ROOT, var, *command]
        done = subprocess.run(arguments, env=os.environ | place, capture_output=True, text=True, cwd=var)
        return done.returncode, done.stderr

    return call


@pytest.fixture
def backup(do, var, database_url, app):
    """A backup of the tests' own database."""
    assert do("pack", database_url, var / "backup.tar") == (0, "")
    return var / "backup.tar"


def asked(url, sql):
    with psycopg.connect(url.replace("+psycopg:", ":", 1)) as connection:
        return connection.execute(sql).fetchall()


def test_a_restored_database_has_the_same_rows(do, var, backup, database_url):
    areas = "SELECT code, name FROM haixi.areas ORDER BY code"
    assert do("unpack", backup, var / "parts") == (0, "")
    with a_database(database_url, f"gridpatrol_copy_{os.getpid()}") as other:
        assert do("load_dump", var / "parts", other) == (0, "")
        assert asked(other, areas) == asked(database_url, areas) != []


def test_lost_photos_come_back_and_later_heads_are_kept_aside(do, var, backup):
    (var / "media/ab/photo.jpg").unlink()
    (var / "heads.jsonl").write_text("later than the copy\n")
    do("unpack", backup, var / "parts")
    assert do("put_files", backup, var / "parts", "then") == (0, "")
    read = [var / "media/ab/photo.jpg", var / "heads.jsonl", var / "heads.jsonl.before_then"]
    assert [file.read_text() for file in read] == ["a picture", "of the copy\n", "later than the copy\n"]


def test_a_cut_or_changed_backup_is_refused(do, var, backup):
    whole = backup.read_bytes()
    backup.write_bytes(whole[: len(whole) // 2])
    cut = do("unpack", backup, var / "parts")
    middle = whole.index(b"PGDMP") + 5000
    backup.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    changed = do("unpack", backup, var / "parts")
    backup.write_bytes(b"no tar file")
    other = do("unpack", backup, var / "parts")
    assert [each[0] for each in (cut, changed, other)] == [1, 1, 1]
    assert "damaged" in changed[1]
    assert "no tar file" in other[1]
