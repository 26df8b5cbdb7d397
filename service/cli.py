"""The `gridpatrol` command."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from procrastinate.exceptions import ConnectorException
from rich.progress import Progress, TaskID
from sqlalchemy.exc import DBAPIError

from service import db, grants, jobs
from service.app import create_app
from service.areas.actions import load_tree
from service.areas.tree import PREFECTURE
from service.audit import actions as audit_actions
from service.coverage import scratch
from service.demo import actions as demo
from service.errors import Problem, Unavailable
from service.matters import classes as matter_classes
from service.members import invitations
from service.members.models import Member
from service.outbox import actions as outbox
from service.patrols.actions import make_partitions
from service.policy import ROLES
from service.privacy import erasure, retention
from service.replay import demo_member
from service.replay import replay as replay_file
from service.settings import Misconfigured, Settings

ROOT = Path(__file__).parents[1]
OFFLINE = "postgresql+psycopg://nobody@/nothing"  # enough to describe the API
FRONT = click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Where one signs in.")


class Terse(click.Group):
    """Says in one line what the operator can mend, instead of where in the code it came up."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Misconfigured, CommandError) as error:
            raise click.ClickException(str(error)) from error
        except (DBAPIError, psycopg.Error, Unavailable, ConnectorException) as error:
            if (why := _mendable(error)) is None:
                raise
            raise click.ClickException(f"the database: {why}") from error


def _mendable(error: BaseException | None) -> str | None:
    """What PostgreSQL said, if it was not there, did not let us in, or has not been migrated."""
    while error is not None and not isinstance(error, psycopg.Error):
        error = error.__cause__
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return "its tables are missing or of another version; `gridpatrol migrate` brings them"
    if isinstance(error, psycopg.OperationalError | psycopg.errors.InsufficientPrivilege):
        return str(error).splitlines()[0]
    return None


@click.group(cls=Terse)
def main() -> None:
    """Grid-based community patrols."""


@main.command()
def migrate() -> None:
    """Bring the database to the newest tables, with the partitions ahead and the rights of who serves.

    As the role of GRIDPATROL_MIGRATE_URL, to which the tables then belong.
    """
    config = Config(str(ROOT / "setup.cfg"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    command.upgrade(config, "head")
    _make_partitions()
    _note_move()
    _list_classes()
    _grant()


@main.command()
def partitions() -> None:
    """Make the partitions of fixes for the two years ahead, as the role of GRIDPATROL_MIGRATE_URL."""
    _make_partitions()


def _make_partitions() -> None:
    db.connect(Settings.from_env().of_owner())
    with db.transaction():
        made = make_partitions(datetime.now(UTC).date(), months=24)
    click.echo(f"partitions made: {', '.join(made) or 'none needed'}")


def _note_move() -> None:
    if renewed := _renew_epoch(always=False):
        click.echo(f"the database has moved: epoch {renewed}, phones will ask what is missing")


def _list_classes() -> None:
    """What is shipped is listed as it is shipped; classes that were added here stay."""
    with db.transaction():
        click.echo(f"classes of matters listed: {matter_classes.load()}")


def _grant() -> None:
    settings = Settings.from_env()
    role = grants.serving_role(settings)
    if role is None:
        click.echo("one role does everything: GRIDPATROL_MIGRATE_URL names no other that owns the tables")
        return
    with db.transaction():
        grants.apply(settings, role)
    click.echo(f"{role} may read and write rows, and owns nothing")


@main.command("demo")
def load_demo() -> None:
    """Load the Haixi demonstration, once: areas, grids, teams, members, and a day of patrols."""
    settings = Settings.from_env()
    create_app(settings)
    db.connect(settings)  # what it writes may take longer than a request
    with Progress() as progress:
        tasks: dict[str, TaskID] = {}

        def on_step(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        demo.load(settings, on_step)


@main.command()
@click.argument("lines", nargs=-1, type=click.Choice(jobs.LINES))
def work(lines: tuple[jobs.Line, ...]) -> None:
    """Do the jobs that wait in these LINES, or in all.

    Each line does one job at a time and waits for no other. Unanswered calls for help climb in `alarms`.
    """
    settings = Settings.from_env()
    create_app(settings)  # whoever listens to what a job announces
    db.connect(settings)  # a job may take longer than a request
    with db.transaction():
        db.ask(
            "SELECT FROM procrastinate_jobs LIMIT 1"
        )  # or it would try for long, and not say what is wrong
    jobs.work(settings.database_url, f"{settings.schema},{settings.jobs_schema},public", lines or jobs.LINES)


@main.group()
def epoch() -> None:
    """Which life of the database this is."""


@epoch.command()
def renew() -> None:
    """Begin another one: after a restore, so that phones send again what it does not have.

    `migrate` does so by itself where the database has moved to another cluster, timeline or name.
    """
    db.connect(Settings.from_env().of_owner())
    click.echo(f"epoch {_renew_epoch(always=True)}: phones will ask what is missing")


def _renew_epoch(*, always: bool) -> int | None:
    with db.transaction():
        if renewed := outbox.renew_epoch(always=always):
            audit_actions.count_on(renewed)
    return renewed


@main.group()
def admin() -> None:
    """Accounts, for the operator of this machine."""


@admin.command("invite")
@click.option("--name", required=True, help="The person's name, as others will see it.")
@click.option("--role", default="admin", show_default=True, type=click.Choice(ROLES))
@click.option("--area", default=PREFECTURE, show_default=True, help="12-digit code.")
@FRONT
def invite(name: str, role: str, area: str, url: str) -> None:
    """Make an account, and print a code that signs it in once within half an hour."""
    db.connect(Settings.from_env())
    with db.transaction():
        load_tree()
        _print(invitations.invite(invitations.enter(name, role, area), None, invitations.BY_OPERATOR), url)


@admin.command("recover")
@click.argument("username")
@FRONT
def recover(username: str, url: str) -> None:
    """Sign somebody out everywhere, forget a lost second factor, and print a code as `invite` does."""
    db.connect(Settings.from_env())
    try:
        with db.transaction():
            _print(invitations.recover(username), url)
    except Problem as problem:
        raise click.ClickException(str(problem)) from None


def _print(invited: invitations.Invited, url: str) -> None:
    click.echo(f"{invited.code}\n{url.rstrip('/')}/{invited.page}#invited={invited.code}")
    click.echo(f"Good once, until {invited.expires_at:%Y-%m-%d %H:%M} UTC.")


@main.command()
def spec() -> None:
    """Print the API's description (OpenAPI 3.1)."""
    app = create_app(Settings(database_url=OFFLINE))
    description = app.test_client().get("/api/v1/openapi.json").json
    click.echo(json.dumps(description, indent=2, ensure_ascii=False, sort_keys=True))


@main.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--member", "username", help="Who walked it, by the name they sign in with; else a demonstration member."
)
@click.option("--password", help="Taken from var/demo_accounts.json unless given.")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True)
@click.option(
    "--mode", default="foot", show_default=True, type=click.Choice(["foot", "bicycle", "car", "horse"])
)
@click.option("--as-recorded", is_flag=True, help="Keep the recorded times instead of ending now.")
def replay(
    file: Path, username: str | None, password: str | None, url: str, mode: str, as_recorded: bool
) -> None:
    """Send a recorded track (.gpx, .csv, .geojson) as a phone would."""
    now = None if as_recorded else datetime.now(UTC)
    try:
        click.echo(str(replay_file(file, url, username or demo_member(), password, mode, now)))
    except (ValueError, ConnectionError) as error:
        raise click.ClickException(str(error)) from error


@main.group()
def coverage() -> None:
    """What was seen."""


@coverage.command("verify")
@click.option("--days", default=1, show_default=True, help="Patrols that began so many days back, or later.")
@click.option("--processes", default=1, show_default=True, help="That draw at once.")
def verify_coverage(days: int, processes: int) -> None:
    """Work the footprints out anew from all facts, and say which grids differ from what is kept."""
    create_app(Settings.from_env())
    now = datetime.now(UTC)
    with db.transaction():
        found = scratch.check(now - timedelta(days=days), now, processes)
    for code in found.differing:
        click.echo(code)
    click.echo(f"{found.grids} grids, {len(found.differing)} of them differ")
    raise SystemExit(1 if found.differing else 0)


@main.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
def verify() -> None:
    """Check that nothing of the audit trail was changed, deleted, swapped, slipped in or cut off.

    A change made before sealing, within a minute, is kept out by the database's grants only. A cut tail shows
    against the heads that were written down as the chain grew.
    """
    settings = Settings.from_env()
    db.connect(settings)
    heads = audit_actions.noted(settings.audit_heads)
    report = audit_actions.verify(heads)
    for finding in report.findings:
        click.echo(f"link {finding.seq or '-'}, row {finding.row_id or '-'}: {finding.what}")
    click.echo(
        f"{report.sealed} links, {report.checked} rows checked, {report.trimmed} erased by age,"
        f" {report.waiting} not sealed yet, {len(heads)} heads: {len(report.findings)} findings"
    )
    raise SystemExit(1 if report.findings else 0)


@audit.command("seal")
def seal_audit() -> None:
    """Seal the rows of ended transactions now, instead of within the minute."""
    db.connect(Settings.from_env())
    click.echo(f"{audit_actions.seal_all()} rows sealed")


@main.command("retention")
def retain() -> None:
    """Erase what has been kept long enough, now; run by the tables' owner, it also drops whole partitions."""
    settings = Settings.from_env().of_owner()
    create_app(settings)
    run = retention.retain(settings, datetime.now(UTC))
    click.echo(json.dumps({"id": str(run.id), "erased": run.erased}, indent=2))


@main.group()
def member() -> None:
    """People."""


@member.command()
@click.argument("member_id", type=click.UUID)
def erase(member_id: UUID) -> None:
    """Erase a member: identity and positions are gone for good, acts stay under a pseudonym."""
    create_app(Settings.from_env())
    with db.transaction():
        found = db.session.get(Member, member_id)
        if found is None:
            raise click.ClickException("nobody has this id")
        erasure.erase(found)
    click.echo("erased")


if __name__ == "__main__":
    main()
