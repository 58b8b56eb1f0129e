"""The ways in which dbt is run: each works, or is refused in a line."""

from tests.conftest import Pipeline


def listed(pipeline: Pipeline, *arguments: str) -> set[str]:
    """Return the names of the models that a selection means."""
    found = pipeline.dbt(
        "--quiet", "ls", "--resource-type", "model", "--output", "name", *arguments
    )
    assert found.code == 0, found.output
    return set(found.output.split())


def test_a_name_selects_one_model(pipeline: Pipeline) -> None:
    """As the runners of Airflow and Dagster ask for it, one by one."""
    pipeline.vault("init")
    models = listed(pipeline)
    assert len(models) > 5
    for model in models:
        assert listed(pipeline, "--select", model) == {model}
