"""The pipeline on a Citus cluster: the tests of one server once more."""

from tests.citus import artifacts, needs_citus, nodes, servers  # noqa: F401

# On the cluster, because this module's `servers` are what their fixtures stand on.
from tests.test_aggregates import *  # noqa: F403
from tests.test_erasure import *  # noqa: F403
from tests.test_pipeline import *  # noqa: F403
from tests.test_recovery import *  # noqa: F403
from tests.test_repair import *  # noqa: F403
from tests.test_rotation import *  # type: ignore[assignment]  # noqa: F403

pytestmark = needs_citus
