"""The site of nothing, of a great deal, and of a database that dbt has not built."""

from pathlib import Path

from tests.conftest import Pipeline
from tests.site import data_of, make_site, text_of


def test_a_report_of_nothing_says_so(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.build()
    assert make_site(pipeline, tmp_path / "site").code == 0
    page = (tmp_path / "site" / "report.html").read_text("utf-8")
    said = text_of(page)
    assert "none waits; no test failed or warned." in said
    assert "Logins 0 Users 0 First day none yet" in said
    assert said.count("No logins yet.") == 3
    assert "No device is shared by two users." in said
    assert data_of(page) == {}


def test_the_page_stays_small_however_much_there_is(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.build()
    pipeline.sql(
        "insert into daily_logins (create_date, device_type, locale, logins, users)"
        " select date '2026-03-01' - day, 'type ' || kind, 'place ' || kind, kind, 1"
        " from generate_series(1, 400) as day cross join generate_series(1, 60) as kind"
    )
    pipeline.sql(
        "insert into daily_app_versions (create_date, app_version, version, logins, users)"
        " select date '2026-03-01' - day, version, '0.0.' || version, version, 1"
        " from generate_series(1, 400) as day cross join generate_series(1, 60) as version"
    )
    pipeline.sql(
        "insert into shared_identifiers (kind, masked_value, users, logins)"
        " select kind, md5(n::text) || md5(kind), n, n"
        " from generate_series(1, 1000) as n cross join (values ('ip'), ('device_id')) as k (kind)"
    )
    assert pipeline.dbt("run", "--select", "login_days").code == 0
    assert make_site(pipeline, tmp_path / "site").code == 0
    page = (tmp_path / "site" / "report.html").read_text("utf-8")
    data = data_of(page)
    assert len(data["days"]) == 90
    assert [row["label"] for row in data["device_types"]][::8] == ["type 60", "(all others)"]
    assert len(data["locales"]) == 13
    assert {row["version"] for row in data["versions"][:7]} == {
        "all others", *(f"0.0.{n}" for n in range(55, 61))
    }  # fmt: skip
    assert len(data["versions"]) == 90 * 7
    assert page.count('class="mask"') == 20
    assert len(page) < 1_200_000


def test_before_dbt_has_run_it_says_what_to_run(pipeline: Pipeline, tmp_path: Path) -> None:
    def report(**env: str) -> str:
        refused = pipeline.run("python", "-m", "report", "--output", str(tmp_path / "site"), **env)
        assert refused.code == 2
        assert refused.stderr.count("\n") == 1
        return refused.stderr

    said = report(DBT_TARGET_PATH=str(tmp_path))
    assert f"run `dbt docs generate --static --target-path {tmp_path}/docs` first" in said
    pipeline.vault("init")
    described = pipeline.dbt(
        "docs", "generate", "--static", "--target-path", str(tmp_path / "docs")
    )
    assert described.code == 0, described.output
    assert "run `dbt build` first" in report(DBT_TARGET_PATH=str(tmp_path))
