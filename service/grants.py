"""What the role that serves may do with the tables; they belong to another role, which migrates.

Applied by `gridpatrol migrate` after every migration, so that a new table is never forgotten.
"""

from sqlalchemy import make_url, text

from service.db import session
from service.settings import Settings

APPEND_ONLY = (
    "alarm_steps",
    "audit_rows",
    "audit_seals",
    "grid_lineage",
    "matter_steps",
)  # rows are added and read, nothing else
READ_ONLY = ("alembic_version", "audit_origin")


def serving_role(settings: Settings) -> str | None:
    """The role that serves, if it is another than the one that owns the tables."""
    role, owner = (
        make_url(url).username for url in (settings.database_url, settings.of_owner().database_url)
    )
    return role if role != owner else None


def apply(settings: Settings, role: str) -> None:
    """Let the role read and write rows, as far as each table allows, and nothing more."""
    for statement in statements(settings, role):
        session.execute(text(statement))


def statements(settings: Settings, role: str) -> list[str]:
    """The grants as SQL, in order; all of them together may be applied again and again."""
    name, prefecture, jobs = (_quoted(each) for each in (role, settings.schema, settings.jobs_schema))
    return [
        *(_rows_of(schema, name) for schema in (prefecture, jobs)),
        *(_less(settings.schema, table, "UPDATE, DELETE", name) for table in APPEND_ONLY),
        *(_less(settings.schema, table, "INSERT, UPDATE, DELETE", name) for table in READ_ONLY),
    ]


def _rows_of(schema: str, role: str) -> str:
    return f"""
        REVOKE ALL ON SCHEMA {schema} FROM {role};
        REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};
        GRANT USAGE ON SCHEMA {schema} TO {role};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"""


def _less(schema: str, table: str, verbs: str, role: str) -> str:
    """Takes verbs back, where there is such a table."""
    there = f"{_quoted(schema)}.{_quoted(table)}"
    return f"""
        DO $$ BEGIN
            IF to_regclass('{there}') IS NOT NULL THEN
                REVOKE {verbs} ON {there} FROM {role};
            END IF;
        END $$"""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
