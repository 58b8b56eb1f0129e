"""The pipeline on a Citus cluster: the tests of one server once more."""

from tests.citus import artifacts, needs_citus, nodes, servers

# On the cluster, because this module's `servers` are what their fixtures stand on.
from tests.test_access_requests import *
from tests.test_aggregates import *
from tests.test_erasure import *
from tests.test_pipeline import *
from tests.test_recovery import *
from tests.test_repair import *
from tests.test_rotation import *  # type: ignore[assignment]

pytestmark = needs_citus

# A cluster is not restored by pg_restore; and what a kill interrupts is asleep on another node.
del test_an_erasure_is_replayed_after_a_restore
del test_a_killed_command_leaves_nothing_half_done_and_can_be_run_again
