"""Work for later: lines of jobs in the same database, filled in the same transaction as their cause.

Each line does one job at a time and waits for no other: nothing that takes long delays a call for help.
"""

import asyncio
import signal
from collections.abc import Callable, Collection
from functools import wraps
from typing import Literal, get_args

import procrastinate
from procrastinate.worker import Worker
from sqlalchemy import text

from service import db

Line = Literal["alarms", "clocks", "default", "plans", "hooks"]  # plans: the solver; hooks: other servers
LINES: tuple[Line, ...] = get_args(Line)
queue = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
_DEFER = """
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW(%(line)s, %(name)s, 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1
])"""  # what the library itself sends, without its 0.4 ms around it
ALWAYS_TRY_AGAIN = procrastinate.RetryStrategy(max_attempts=10, exponential_wait=2)
_line_of: dict[str, Line] = {}


def task(
    name: str, *, every: str | None = None, line: Line = "default"
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Let a function be called later by `name`, and, with a cron line `every`, by the clock as well."""
    _line_of[name] = line

    def register(function: Callable[[], object]) -> Callable[[], object]:
        @wraps(function)
        def run(timestamp: int | None = None) -> None:
            try:
                function()
            finally:
                db.session.remove()

        known = queue.task(name=name, queue=line, retry=ALWAYS_TRY_AGAIN)(run)
        if every:
            queue.periodic(cron=every)(known)
        return function

    return register


def later(name: str) -> None:
    """Have the task done once this transaction has been committed; never if it is rolled back."""
    db.ask(_DEFER, name=name, line=_line_of[name])


def absorb(name: str) -> None:
    """Take waiting jobs of this name away, since whoever calls is about to do what they ask for."""
    waiting = (
        "SELECT id FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo' FOR UPDATE SKIP LOCKED"
    )
    db.session.execute(text(f"DELETE FROM procrastinate_jobs WHERE id IN ({waiting})"), {"name": name})


def work(database_url: str, schemas: str, lines: Collection[Line] = LINES) -> None:
    """Do the tasks of these lines as they come, until told to stop."""
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url.replace("postgresql+psycopg://", "postgresql://"),
        kwargs={"options": f"-csearch_path={schemas}"},
        min_size=1,
        max_size=2 * len(lines) + 1,  # each line listens, and asks
    )
    with queue.replace_connector(connector) as app:
        asyncio.run(_work_on(app, lines))


async def _work_on(app: procrastinate.App, lines: Collection[Line]) -> None:
    """One worker a line. If one of them ends, all do: whoever watches over the process starts it anew."""
    ways = {"delete_jobs": "successful", "fetch_job_polling_interval": 2, "install_signal_handlers": False}
    async with app.open_async():
        workers = [Worker(app, queues=[line], name=line, **ways) for line in lines]  # type: ignore[arg-type]

        def stop() -> None:
            for worker in workers:
                worker.stop()

        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop)
        running = [asyncio.create_task(worker.run()) for worker in workers]
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        stop()
        await asyncio.gather(*running)
