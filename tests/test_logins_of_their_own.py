"""The set-up of the README: loader, dbt and analyst each with a login of their own."""

import pytest
from psycopg import errors

from tests.conftest import Pipeline
from tests.logins import logins


def test_one_login_per_part_is_enough(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    name = pipeline.env["PGDATABASE"]
    parts = {"loader": f"{name}_loader", "transformer": f"{name}_dbt", "analyst": f"{name}_analyst"}
    try:
        for part, role in parts.items():
            pipeline.sql(f"create role {role} login password 'x' in role login_{part}")
        pipeline.send(logins(4))
        loaded = pipeline.load(PGUSER=parts["loader"], PGPASSWORD="x")
        assert loaded.code == 0, loaded.output
        built = pipeline.dbt("build", PGUSER=parts["transformer"], PGPASSWORD="x")
        assert built.code == 0, built.output
        with pipeline.connect(user=parts["analyst"], password="x") as connection:
            assert connection.execute("select count(*) from user_logins").fetchone() == (4,)
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("select 1 from raw.raw_logins")
    finally:
        for role in parts.values():
            pipeline.sql(f"drop owned by {role}")
            pipeline.sql(f"drop role {role}")
