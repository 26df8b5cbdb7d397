"""Row-level security beside a scope in the query: a window of the map, a list by area, an upload."""

from collections.abc import Iterator
from functools import partial

from psycopg import Connection, sql

from bench.database import connect
from bench.stand import Stand
from bench.table import Figure, Mark, in_turns

NAME = "rls"
TIMES = 30  # of the usual number of runs
ROWS = 50  # of one upload
ROLE = "bench_rls"
TABLES = """
CREATE TABLE plain_points (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text COLLATE "C" NOT NULL,
    position geometry(Point, 4326) NOT NULL);
INSERT INTO plain_points (code, position)
    SELECT '6328' || lpad((n % 46)::text, 5, '0') || lpad((n % 389)::text, 6, '0'),
        ST_SetSRID(ST_MakePoint(93 + 6 * random(), 35.5 + 3 * random()), 4326)
    FROM generate_series(1, {count}) AS n;
CREATE TABLE walled_points (LIKE plain_points INCLUDING ALL);
INSERT INTO walled_points (code, position) SELECT code, position FROM plain_points;
CREATE INDEX ON plain_points USING gist (position); CREATE INDEX ON plain_points (code);
CREATE INDEX ON walled_points USING gist (position); CREATE INDEX ON walled_points (code);
ALTER TABLE walled_points ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON walled_points USING (
    code >= current_setting('app.prefix', true) AND code < current_setting('app.prefix', true) || ':');
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT ON plain_points, walled_points TO {role};
ANALYZE plain_points; ANALYZE walled_points"""
PREFIX = "632800007"
SCOPE = f"code >= '{PREFIX}' AND code < '{PREFIX}:'"
WINDOW = "position && ST_MakeEnvelope(96, 36.5, 96.1, 36.6, 4326)"
ASKED = {  # case → what is asked without a scope
    "a window of the map": f"SELECT count(*) FROM {{}} WHERE {WINDOW}",
    "the points of a township": "SELECT count(*) FROM {} WHERE true",
}
SENT = f"""INSERT INTO {{}} (code, position)
    SELECT '{PREFIX}001001', ST_SetSRID(ST_MakePoint(96, 36 + n / 1e5), 4326)
    FROM generate_series(1, {ROWS}) AS n"""
SET = f"SELECT set_config('app.prefix', '{PREFIX}', true)"


def figures(stand: Stand) -> Iterator[Figure]:
    """What each costs with row-level security, beside the same with the scope in the query."""
    with connect(stand.settings) as database:
        role = sql.Identifier(ROLE)
        tables = sql.SQL(TABLES).format(
            role=role, schema=sql.Identifier(stand.settings.schema), count=sql.Literal(stand.size.points)
        )
        database.execute(sql.SQL("CREATE ROLE {}").format(role))
        database.execute(tables)
        database.execute(sql.SQL("SET ROLE {}").format(role))
        for case, question in ASKED.items():
            plain, walled = question.format("plain_points"), question.format("walled_points")
            yield _figure(database, stand.runs, case, [f"{plain} AND {SCOPE}"], [SET, walled], [plain])
        sent = [[SENT.format(table)] for table in ("plain_points", "walled_points")]
        yield _figure(database, stand.runs, f"an upload of {ROWS}", sent[0], [SET, *sent[1]], sent[0])
        database.rollback()


def _figure(
    database: Connection, runs: int, case: str, scoped: list[str], walled: list[str], bare: list[str]
) -> Figure:
    ways = [partial(_do, database, each) for each in (bare, scoped, walled)]
    bare_ms, scoped_ms, walled_ms = (each * 1000 for each in in_turns(runs * TIMES, *ways))
    marks = Mark(bare_ms, "without a scope"), Mark(scoped_ms, "scope in the query")
    return Figure(NAME, f"{case}, row-level security", walled_ms, "ms", runs * TIMES, *marks)


def _do(database: Connection, statements: list[str]) -> None:
    with database.transaction(force_rollback=True):
        for statement in statements:
            database.execute(statement)
