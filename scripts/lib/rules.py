"""House rules that no ready-made linter checks: sizes, current locks, no registry hosts."""

import ast
import configparser
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES, FUNCTION_LINES = 400, 50
LOCKS = (Path("docker/requirements.txt"), Path("docker/requirements-dev.txt"))
HOSTS = re.compile(
    r"(p[y]pi|p[y]thonhosted|n[p]mjs|n[p]mmirror|y[a]rnpkg)\.(org|com)|deb\.d[e]bian\.org"
    r"|^\s*(--)?(extra-)?index-url|^\s*registry\s*=\s*[\"']?http|\"resolved\":\s*\"http",
    re.MULTILINE,
)


def lock_header() -> str:
    """The first lines of a lock: who made it, and from which requirements."""
    config = configparser.ConfigParser(interpolation=None)
    config.read("setup.cfg")
    options, extras = config["options"], config["options.extras_require"]
    wanted = "\n".join([options["python_requires"], options["install_requires"], extras["dev"]])
    digest = hashlib.sha256("\n".join(wanted.split()).encode()).hexdigest()
    return f"# Made by scripts/lock from setup.cfg.\n# Requirements sha256:{digest}\n"


def stale_locks() -> Iterator[str]:
    """The locks that were made from other requirements than setup.cfg has now."""
    for lock in LOCKS:
        if not lock.read_text().startswith(lock_header()):
            yield f"{lock}: made from other requirements; run scripts/lock"


def registry_hosts() -> Iterator[str]:
    """The tracked files that name where packages come from, which is the business of each machine."""
    for name in subprocess.check_output(["git", "ls-files", "-z"], text=True).split("\0"):
        path = Path(name)
        if name and path.is_file() and (found := HOSTS.search(path.read_text(errors="replace"))):
            yield f"{name}: names a package registry: {found.group().strip()}"


def too_long() -> Iterator[str]:
    """The files and functions of the product that ask to be split."""
    for path in [*Path("service").rglob("*.py"), *Path("geo").rglob("*.py")]:
        text = path.read_text()
        if (lines := text.count("\n")) > FILE_LINES:
            yield f"{path}: {lines} lines, at most {FILE_LINES}"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES}"


def main() -> None:
    """Print the header of a lock, or every broken rule."""
    if sys.argv[1:] == ["lock-header"]:
        print(lock_header(), end="")
        return
    broken = [*stale_locks(), *registry_hosts(), *too_long()]
    print("\n".join(broken))
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
