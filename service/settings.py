"""The knobs, read once from the environment (`GRIDPATROL_<NAME>`)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

MIB = 1024 * 1024
LEAST_AUDIT_DAYS = 183
DRIVER = "postgresql+psycopg://"
_YES_OR_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Misconfigured(ValueError):
    """A knob is missing, or set to what it cannot be."""


class Lifetime(NamedTuple):
    """How long a sign-in lives: after its last use, and at most."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two installations; never changed after the start."""

    database_url: str  # postgresql+psycopg://…, as the role that serves
    migrate_url: str = ""  # the same database as the role that owns the tables; needed only to migrate
    schema: str = "haixi"  # one prefecture, one schema
    jobs_schema: str = "jobs"  # the job queue stands outside the prefectures
    pool_size: int = 10  # database connections of one process
    alarm_pool_size: int = 2  # those of alarms: whatever else happens, a call for help finds one
    alarm_leader_seconds: int = 60  # how long an alarm waits for an answer at each level before it climbs
    alarm_community_seconds: int = 120
    alarm_township_seconds: int = 180
    alarm_county_seconds: int = 300
    alarm_prefecture_seconds: int = 300  # there it is told again and again
    body_bytes: int = MIB  # a request body, after inflation
    import_bytes: int = 32 * MIB  # a file of grids, teams or members, after inflation
    media_url: str = "var/media"  # where photos lie: a folder, or s3://bucket/path with credentials in AWS_*
    photo_bytes: int = 16 * MIB  # a photo as it is sent
    photo_pixels: int = 50_000_000
    photos_a_day: int = 50  # of one member
    session_days: int = 30  # a phone's sign-in lives this long after its last use
    session_longest_days: int = 90  # and this long at most
    page_idle_minutes: int = 30  # the same for a page's
    page_longest_hours: int = 12
    require_totp: bool = True  # of officers and above; a demonstration does without
    proxies: int = 0  # how many proxies of ours stand in front and tell the caller's address
    keep_fixes_days: int = 30  # what the words of the consent promise
    keep_check_ins_days: int = 365
    keep_photos_days: int = 365
    keep_sessions_days: int = 90  # after they ended
    keep_quarantine_days: int = 30
    keep_alarms_days: int = 365  # their positions go with the fixes
    keep_deliveries_days: int = 30  # what webhooks were told, or could not be told
    keep_audit_days: int = 1095  # never under six months: 网络安全法 asks for that
    audit_heads: Path = Path("var/audit_heads.jsonl")  # the length and digest of the audit trail, over time
    suggest_seconds: int = 20  # that a worker looks for a suggestion of assignments
    log_level: str = "INFO"
    demo_accounts: Path = Path("var/demo_accounts.json")  # written by the demonstration only

    def __post_init__(self) -> None:
        """Refuse what may not be set so; raises Misconfigured."""
        if self.keep_audit_days < LEAST_AUDIT_DAYS:
            raise Misconfigured(f"GRIDPATROL_KEEP_AUDIT_DAYS is under {LEAST_AUDIT_DAYS}")
        if not self.database_url.startswith(DRIVER):
            raise Misconfigured(f"GRIDPATROL_DATABASE_URL does not begin with {DRIVER}")
        if self.migrate_url and not self.migrate_url.startswith(DRIVER):
            raise Misconfigured(f"GRIDPATROL_MIGRATE_URL does not begin with {DRIVER}")

    def lifetime(self, kind: str) -> Lifetime:
        """How long a sign-in of a phone or a page lives."""
        if kind == "page":
            return Lifetime(
                timedelta(minutes=self.page_idle_minutes), timedelta(hours=self.page_longest_hours)
            )
        return Lifetime(timedelta(days=self.session_days), timedelta(days=self.session_longest_days))

    @property
    def needs_second_factor(self) -> bool:
        """Whether officers and above must enrol a second factor before they can do anything else."""
        return self.require_totp and not self.demo_accounts.exists()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of this process; raises Misconfigured, naming every knob that is wrong."""
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
            raise Misconfigured("; ".join(wrong))
        return cls(**given)

    def of_owner(self) -> "Settings":
        """The same settings for who may change tables."""
        return replace(self, database_url=self.migrate_url or self.database_url)


def _read(text: str, kind: object) -> object:
    if kind is bool:
        if text.lower() not in _YES_OR_NO:
            raise ValueError
        return _YES_OR_NO[text.lower()]
    return kind(text) if kind in (int, Path) else text  # type: ignore[operator]
