"""Runs the migrations of one prefecture's schema, and lays the job queue beside it."""

import re
from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

from service import app, db
from service.settings import Settings

settings = Settings.from_env().of_owner()
PARTITION = re.compile(r"fixes_(\d{4}_\d{2}|rest)")


def is_ours(thing: Any, name: str, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether a migration may speak of it: partitions are made by a command, others belong to PostGIS."""
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", "")
    return not PARTITION.fullmatch(table or "") and alembic_helpers.include_object(
        thing, name, kind, reflected, compare_to
    )


def lay_queue(connection: Connection) -> None:
    """Create the job queue's own tables, once."""
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {settings.jobs_schema}"))
    if connection.scalar(text(f"SELECT to_regclass('{settings.jobs_schema}.procrastinate_jobs')")) is None:
        connection.execute(text(f"SET LOCAL search_path = {settings.jobs_schema}"))
        connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    connection.execute(text(f"SET LOCAL search_path = {settings.schema}, public"))


with db.connect(settings).connect() as connection:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {settings.schema}"))
    connection.commit()
    connection.dialect.default_schema_name = settings.schema
    context.configure(
        connection=connection,
        target_metadata=app.METADATA,
        include_object=is_ours,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
    )
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        lay_queue(connection)
        context.run_migrations()
