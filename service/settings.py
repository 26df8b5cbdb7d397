"""The knobs, read once from the environment (`GRIDPATROL_<NAME>`)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

MIB = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two installations; never changed after the start."""

    database_url: str  # postgresql+psycopg://…, as the role that serves
    migrate_url: str = ""  # the same database as the role that owns the tables; needed only to migrate
    schema: str = "haixi"  # one prefecture, one schema
    jobs_schema: str = "jobs"  # the job queue stands outside the prefectures
    pool_size: int = 10  # database connections of one process
    body_bytes: int = MIB  # a request body, after inflation
    import_bytes: int = 32 * MIB  # a file of grids, teams or members, after inflation
    session_days: int = 30  # a sign-in lives this long after its last use
    log_level: str = "INFO"
    demo_accounts: Path = Path("var/demo_accounts.json")  # written by the demonstration only

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of this process; raises ValueError naming every knob that is missing or unreadable."""
        given: dict[str, Any] = {}
        wrong = []
        for field in fields(cls):
            name = f"GRIDPATROL_{field.name.upper()}"
            try:
                if name in environ:
                    given[field.name] = _read(environ[name], field.type)
            except ValueError:
                wrong.append(f"{name} is not a {getattr(field.type, '__name__', field.type)}")
        if "database_url" not in given:
            wrong.append("GRIDPATROL_DATABASE_URL is missing")
        if wrong:
            raise ValueError("; ".join(wrong))
        return cls(**given)

    def of_owner(self) -> "Settings":
        """The same settings for who may change tables."""
        return replace(self, database_url=self.migrate_url or self.database_url)


def _read(text: str, kind: object) -> object:
    return kind(text) if kind in (int, Path) else text  # type: ignore[operator]
