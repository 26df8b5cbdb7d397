"""Prints measured figures beside their limits and peers: scripts/bench [NAME…] [--json] [--quick]."""

import argparse
import os
import signal
import sys
from types import ModuleType

from bench import alarms, changes, coverage, duty, faults, ingest, live, locate, matters, media, rls, tiles
from bench.ground import FULL, QUICK
from bench.stand import put_up
from bench.table import as_table

MODULES = (alarms, changes, coverage, duty, faults, ingest, live, locate, matters, media, rls, tiles)
BENCHES: dict[str, ModuleType] = {each.NAME: each for each in MODULES}


def main() -> None:
    """Run the benches that were named, or all."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = _arguments()
    runs = asked.runs or (1 if asked.quick else 3)
    for name in asked.names or BENCHES:
        with put_up(QUICK if asked.quick else FULL, runs) as stand:
            figures = BENCHES[name].figures(stand)
            if asked.json:
                for figure in figures:
                    print(figure.as_json(), flush=True)
            else:
                print(f"### {name}\n\n{as_table(figures)}\n", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=_about())
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *BENCHES], help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="little data, once: shows only that it runs")
    parser.add_argument("--runs", type=int, help="how often to measure, for medians (3)")
    return parser.parse_args()


def _about() -> str:
    return f"Measures on this machine ({os.cpu_count()} processors), each figure beside its limit and a peer."


if __name__ == "__main__":
    main()
