"""Work for later: a queue in the same database, filled in the same transaction as its cause."""

from collections.abc import Callable
from functools import wraps

import procrastinate
from sqlalchemy import text

from service import db

queue = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
_DEFER = """
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW('default', %(name)s, 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1
])"""  # what the library itself sends, without its 0.4 ms around it
ALWAYS_TRY_AGAIN = procrastinate.RetryStrategy(max_attempts=10, exponential_wait=2)


def task(name: str, *, every: str | None = None) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Let a function be called later by `name`, and, with a cron line `every`, by the clock as well."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        @wraps(function)
        def run(timestamp: int | None = None) -> None:
            try:
                function()
            finally:
                db.session.remove()

        known = queue.task(name=name, retry=ALWAYS_TRY_AGAIN)(run)
        if every:
            queue.periodic(cron=every)(known)
        return function

    return register


def later(name: str) -> None:
    """Have the task done once this transaction has been committed; never if it is rolled back."""
    db.ask(_DEFER, name=name)


def absorb(name: str) -> None:
    """Take waiting jobs of this name away, since whoever calls is about to do what they ask for."""
    waiting = (
        "SELECT id FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo' FOR UPDATE SKIP LOCKED"
    )
    db.session.execute(text(f"DELETE FROM procrastinate_jobs WHERE id IN ({waiting})"), {"name": name})


def work(database_url: str, schemas: str) -> None:
    """Do tasks as they come, until told to stop."""
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url.replace("postgresql+psycopg://", "postgresql://"),
        kwargs={"options": f"-csearch_path={schemas}"},
    )
    with queue.replace_connector(connector) as worker:
        worker.run_worker(concurrency=1, delete_jobs="successful", fetch_job_polling_interval=2)
