"""A migrated database that is thrown away at the end, beside the one that GRIDPATROL_DATABASE_URL names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, make_url

from service import db
from service.matters import classes
from service.settings import Settings

EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")


@contextmanager
def throw_away() -> Iterator[Settings]:
    """Settings of a new, migrated database, to which this process and its children are connected."""
    given = make_url(os.environ["GRIDPATROL_DATABASE_URL"])
    new = given.set(database=f"gridpatrol_bench_{os.getpid()}_own")
    with psycopg.connect(_address(given), autocommit=True) as door:
        door.execute(f"CREATE DATABASE {new.database}")
        try:
            yield migrated(new)
        finally:
            db.session.remove()
            os.environ["GRIDPATROL_DATABASE_URL"] = given.render_as_string(hide_password=False)
            door.execute(f"DROP DATABASE {new.database} WITH (FORCE)")


def migrated(url: URL) -> Settings:
    """Settings of an empty database once it has our tables; this process and its children connect to it."""
    with psycopg.connect(_address(url)) as connection:
        for extension in EXTENSIONS:
            connection.execute(f"CREATE EXTENSION {extension}")
    os.environ["GRIDPATROL_DATABASE_URL"] = url.render_as_string(hide_password=False)
    command.upgrade(Config("setup.cfg"), "head")
    settings = Settings.from_env()
    db.connect(settings)
    with db.transaction():
        classes.load()
    return settings


def connect(settings: Settings) -> psycopg.Connection:
    """A connection of psycopg's own, without anything of the product in between."""
    path = f"-csearch_path={settings.schema},{settings.jobs_schema},public"
    return psycopg.connect(_address(make_url(settings.database_url)), options=path)


def _address(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
