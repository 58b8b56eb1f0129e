"""What dbt costs, as ratios measured in one run: `make bench-dbt`.

On a private Postgres: first builds, new rows on a short and on a long history, the cost of a row,
and the fixed cost of a build. What is compared runs in turns; the median of the rounds counts.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
from psycopg import sql

from sandbox import environment, sandbox

HERE = Path(__file__).parent
ROOT = HERE.parent
QUIET = ("--quiet", "--no-use-colors")

# Each as dbt renders it, evaluated for every row, in one process.
EXPRESSIONS = {
    "extract six fields": "row(body ->> 'user_id', body ->> 'app_version', body ->> 'device_type',"
    " body ->> 'ip', body ->> 'locale', body ->> 'device_id')",
    "canonical address": "{{ canonical_address(\"(body ->> 'ip')\") }}",
    "canonical device id": "{{ canonical_device_id(\"(body ->> 'device_id')\") }}",
    "mask (hmac)": "{{ mask_pii(\"(body ->> 'ip')\", 'ip') }}",
    "cast version": "{{ version_to_integer(\"(body ->> 'app_version')\") }}",
    "judge": "{{ rejection_reason('body', login_fields()) }}",
    "check a length": "length(message_id) = 36",
    "check a pattern": "message_id ~ '^[0-9a-f-]{36}$'",
}

ONE_PROCESS = "set local max_parallel_workers_per_gather = 0;"

Figures = dict[str, float]


class Bench:
    """The databases of one run, and the seconds that were measured in them."""

    def __init__(self, env: dict[str, str], work: Path, new: int) -> None:
        self.env = env | {
            "DBT_TARGET_PATH": str(work / "target"),
            "DBT_LOG_PATH": str(work / "logs"),
            "DBT_PROJECT_DIR": str(ROOT),
            "DBT_PROFILES_DIR": str(ROOT),
        }
        self.target = work / "target"
        self.logs = work / "logs"
        self.new = new
        self.landed: dict[str, int] = {}
        self.seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Measure the body."""
        start = time.perf_counter()
        yield
        self.seconds[what].append(time.perf_counter() - start)

    def median(self, what: str) -> float:
        """Return the median of what was measured, in seconds."""
        return statistics.median(self.seconds[what])

    def run(self, database: str, *command: str) -> str:
        """Run a command in one database and return what it prints."""
        done = subprocess.run(
            command,
            env=self.env | {"PGDATABASE": database},
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{' '.join(command[:4])} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def psql(self, database: str, file: Path, **variables: object) -> None:
        """Run a file of SQL."""
        settings = [f"--set={name}={value}" for name, value in variables.items()]
        self.run(database, "psql", "-Xq", "--set=ON_ERROR_STOP=1", f"--file={file}", *settings)

    def connect(self, database: str) -> psycopg.Connection:
        """Connect as the superuser."""
        return psycopg.connect(
            host=self.env["PGHOST"],
            port=self.env["PGPORT"],
            user=self.env["PGUSER"],
            password=self.env["PGPASSWORD"],
            dbname=database,
        )

    def execute(self, database: str, statements: str) -> float:
        """Run statements in one transaction as login_transformer, undo them, return the seconds."""
        with self.connect(database) as connection:
            connection.execute("set local role login_transformer")
            start = time.perf_counter()
            connection.execute(statements.encode())
            elapsed = time.perf_counter() - start
            connection.rollback()
        return elapsed

    def model_step(self, database: str, *arguments: str) -> float:
        """Build user_logins alone and return the seconds that dbt says it took."""
        self.run(database, "dbt", *QUIET, "run", "--select", "user_logins", *arguments)
        results = json.loads((self.target / "run_results.json").read_text())["results"]
        (step,) = (r for r in results if r["unique_id"] == "model.login_elt.user_logins")
        return float(step["execution_time"])

    def query(self, database: str, *arguments: str) -> str:
        """Return the query of user_logins as dbt compiles it."""
        self.run(database, "dbt", *QUIET, "compile", "--select", "user_logins", *arguments)
        (found,) = self.target.glob("compiled/**/user_logins.sql")
        return found.read_text()

    def land(self, database: str, count: int, total: int) -> None:
        """Land more messages, of a series that is `total` long at first."""
        first = self.landed.get(database, 0) + 1
        last = self.landed[database] = first + count - 1
        variables = {"first": first, "last": last, "total": total, "load": uuid4()}
        self.psql(database, HERE / "dbt_messages.sql", **variables)

    def fill(self, database: str, rows: int) -> None:
        """Make a database with that many raw rows."""
        with self.connect("postgres") as connection:
            connection.autocommit = True
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        self.run(database, "python", "-m", "vault", "init", "--share-roles")
        self.land(database, rows, rows)
        self.run(database, "psql", "-Xqc", "vacuum analyze raw.raw_logins")


def first_build(bench: Bench, database: str, rounds: int) -> Figures:
    """Measure dbt against the floor and against SQL by hand, on the same raw rows."""
    bench.model_step(database)
    query = bench.query(database, "--full-refresh")
    by_hand = {
        "constants": (HERE / "dbt_floor_constants.sql").read_text(),
        "extracted": (HERE / "dbt_floor_extracted.sql").read_text(),
        "by hand": (HERE / "dbt_first_by_hand.sql").read_text().replace("{query}", query),
    }
    for _ in range(rounds):
        for name, statements in by_hand.items():
            bench.seconds[name].append(bench.execute(database, statements))
        bench.seconds["first"].append(bench.model_step(database, "--full-refresh"))
    return {
        **{f"first build: {name}, s": bench.median(name) for name in by_hand},
        "first build: dbt's model step, s": bench.median("first"),
        **{
            f"first build: dbt / {name}": bench.median("first") / bench.median(name)
            for name in by_hand
        },
    }


def new_rows(bench: Bench, sizes: dict[str, int], rounds: int) -> Figures:
    """Measure the same new rows on a short and on a long history, by dbt and by hand."""
    work = bench.target.parent
    by_hand = {}
    for database in sizes:
        bench.run(database, "dbt", *QUIET, "build")
        query = bench.query(database)
        by_hand[database] = work / f"{database}.sql"
        text = (HERE / "dbt_new_by_hand.sql").read_text()
        by_hand[database].write_text(text.replace("{query}", query))
        bench.run(database, "psql", "-Xqc", "vacuum analyze")
    for round_number in range(rounds + 1):  # the first warms up
        for database, rows in sizes.items():
            bench.land(database, bench.new, rows)
            with bench.timed(f"hand {database}"):
                bench.psql(database, by_hand[database])
            bench.land(database, bench.new, rows)
            bench.seconds[f"step {database}"].append(bench.model_step(database))
        if not round_number:
            bench.seconds.clear()
    for round_number in range(rounds + 1):
        for database, rows in sizes.items():
            bench.land(database, bench.new, rows)
            with bench.timed(f"build {database}"):
                bench.run(database, "dbt", *QUIET, "build")
        if not round_number:
            for database in sizes:
                bench.seconds.pop(f"build {database}")
    short, long = sizes
    figures = {}
    for database, rows in sizes.items():
        for kind, label in (("hand", "by hand"), ("step", "model step"), ("build", "dbt build")):
            figures[f"new rows on {rows:,}: {label}, s"] = bench.median(f"{kind} {database}")
        figures[f"new rows on {rows:,}: model step / by hand"] = bench.median(
            f"step {database}"
        ) / bench.median(f"hand {database}")
    for kind, label in (("hand", "by hand"), ("step", "model step"), ("build", "dbt build")):
        figures[f"new rows: {label}, long / short history"] = bench.median(
            f"{kind} {long}"
        ) / bench.median(f"{kind} {short}")
    return figures


def cost_per_row(bench: Bench, database: str, rounds: int) -> Figures:
    """Measure microseconds a row for each thing that is done to it."""
    rows = bench.landed[database]
    expressions = {"read": "body", **EXPRESSIONS}
    inline = ";".join(
        (HERE / "dbt_cost_per_row.sql").read_text().replace("{expression}", expression)
        for expression in expressions.values()
    )
    compiled = bench.run(database, "dbt", *QUIET, "compile", "--inline", inline)
    queries = dict(zip(expressions, compiled.split(";"), strict=True))
    for _ in range(rounds):
        for name, query in queries.items():
            seconds = bench.execute(database, ONE_PROCESS + query)
            bench.seconds[f"row {name}"].append(seconds)
    return {
        f"a row: {name}, µs": 1e6 * (bench.median(f"row {name}") - bench.median("row read")) / rows
        for name in EXPRESSIONS
    }


def fixed_cost(bench: Bench, database: str, rounds: int) -> Figures:
    """Measure a build with nothing new, warm, and its statements through psql."""
    bench.run(database, "dbt", *QUIET, "build")
    statements = bench.target.parent / "statements.sql"
    log = bench.logs / "dbt.log"
    log.unlink(missing_ok=True)
    log_all = ("--log-level-file", "debug", "--log-format-file", "json")
    bench.run(database, "dbt", *QUIET, *log_all, "build")
    statements.write_text("set role login_transformer;\n" + _statements(log))
    for _ in range(rounds):
        with bench.timed("nothing new"):
            bench.run(database, "dbt", *QUIET, "build")
        with bench.timed("through psql"):
            bench.psql(database, statements)
    return {
        "nothing new: dbt build, s": bench.median("nothing new"),
        "nothing new: the same statements through psql, s": bench.median("through psql"),
        "nothing new: dbt / psql": bench.median("nothing new") / bench.median("through psql"),
    }


def _statements(log: Path) -> str:
    """Return what a build sent to Postgres, one thread after the other."""
    by_connection = defaultdict(list)
    for line in log.read_text().splitlines():
        event = json.loads(line)
        name, data = event["info"]["name"], event["data"]
        if name == "SQLQuery":
            by_connection[data["conn_name"]].append(data["sql"].strip().rstrip(";") + ";")
        elif name == "Rollback":
            by_connection[data["conn_name"]].append("rollback;")
    return "\n".join(s for statements in by_connection.values() for s in statements)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs=2, type=int, default=[1_000_000, 5_000_000])
    parser.add_argument("--new", type=int, default=10_000, help="new rows (default: 10000)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: 5)")
    parser.add_argument("--json", type=Path, default=ROOT / "target/bench_dbt.json")
    options = parser.parse_args()
    sizes = {f"bench_{rows}": rows for rows in options.rows}
    first = next(iter(sizes))
    parts: list[Callable[[Bench], Figures]] = [
        lambda bench: first_build(bench, first, options.rounds),
        lambda bench: cost_per_row(bench, first, options.rounds),
        lambda bench: new_rows(bench, sizes, options.rounds),
        lambda bench: fixed_cost(bench, first, options.rounds),
    ]
    figures: Figures = {}
    no_messages = Path(os.devnull)
    with sandbox(no_messages) as settings, TemporaryDirectory() as work:
        bench = Bench(environment(settings), Path(work), options.new)
        bench.psql("postgres", HERE / "dbt_server.sql")
        for database, rows in sizes.items():
            bench.fill(database, rows)
        for part in parts:
            for name, figure in part(bench).items():
                figures[name] = round(figure, 3)
                print(f"{figure:10.2f}  {name}", flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(vars(options) | {"figures": figures}, default=str, indent=2))


if __name__ == "__main__":
    main()
