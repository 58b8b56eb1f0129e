"""The attack suite on a Citus cluster."""

from tests.citus import artifacts, needs_citus, nodes, servers  # noqa: F401
from tests.test_attacks import *  # noqa: F403

pytestmark = needs_citus
