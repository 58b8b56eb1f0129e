"""The attack suite on a Citus cluster."""

import pytest

from tests import test_attacks
from tests.attacks import WEAKENED
from tests.citus import artifacts, needs_citus, nodes, servers
from tests.conftest import Pipeline
from tests.test_attacks import *

pytestmark = needs_citus


# A loader that may read gains nothing there: it may not even add but by raw.land.
@pytest.mark.parametrize("weakness", [w for w in WEAKENED if "to login_loader" not in w])  # type: ignore[no-redef]
def test_the_attacks_succeed_where_the_database_is_weakened(
    attacked: Pipeline, weakness: str
) -> None:
    test_attacks.test_the_attacks_succeed_where_the_database_is_weakened(attacked, weakness)
