"""The figures that `benchmarks.scale` calculates with: measured, assumed, quoted.

Replace them with those of your machine (`make bench-cost`), your logins and your bill.
"""

from dataclasses import dataclass
from math import inf

# Measured

MEASURED_ON = "2026-11-21, PostgreSQL 17 with fsync, Python 3.11, 4 shared vCPUs of an AMD EPYC"

MEASURED = {
    "land: SQS requests": 0.2,
    "land: seconds in flight": 0.405,
    "land: transaction ids": 0.00411,
    "land: program CPU s": 174,
    "land: Postgres CPU s": 18.4,
    "land: WAL bytes": 768,
    "land: random pages": 0.878,
    "mask: Postgres CPU s": 23.3,
    "mask: WAL bytes": 749,
    "mask: random pages": 3.17,
    "days: Postgres CPU s": 20.3,
    "identifiers: Postgres CPU s": 45.9,
    "identifiers: WAL bytes": 485,
    "identifiers: random pages": 2.78,
    "summaries: Postgres CPU s": 0.8,
    "tests: Postgres CPU s": 21.4,
    "days again: Postgres CPU s": 7.01,
    "identifiers: logins counted again": 9.98,
    "purge: Postgres CPU s": 22.5,
    "purge: WAL bytes": 395,
    "purge: random pages": 0.154,
    "purge look: Postgres CPU s": 1.4,
    "idle build: program CPU s": 3.36,
    "idle build: Postgres CPU s": 0.24,
    "page image: bytes": 4000,
    "raw_logins: table bytes": 512,
    "raw_logins: indexes bytes": 84.2,
    "user_logins: table bytes": 241,
    "user_logins: indexes bytes": 305,
    "tombstone: table bytes": 132,
}
"""By `make bench-cost`, whose names these are: CPU seconds of a million, all others of one."""

CITUS_LANDING_CPU = 2.4
"""CPU of all nodes to land on a Citus cluster, relative to plain Postgres (`make bench-citus`, one
coordinator and two workers): rows are routed to shards, and each chunk is a two-phase commit."""

COORDINATOR_LANDING_CPU_S = 15.0
"""Of it the coordinator's, through which all messages land: CPU seconds a million."""

# Assumed

UTILISATION = 0.6
"""Share of CPU, memory, disks and storage that is meant to be used; the rest is for peaks."""

SECONDS_IN_FLIGHT = 1.5
"""From receive to delete. Measured 0.4 where chunks fill at once; but a chunk may wait a second."""

LOGINS_OF_AN_IDENTIFIER_A_MONTH = 5.0
"""Logins with the same address, or the same device, in 30 days: as in the benchmark."""

READ_SECONDS = 0.0005
"""Until a page comes that is not in memory, from a gp3 volume. Measure it on yours."""

WAL_DAYS = 7
"""How long the write-ahead log is kept, to restore to any point of time."""

LOADER_GB = 2
COORDINATOR_VCPUS = 16
HOURS_A_MONTH = 730
PAGE_BYTES = 8192
"""Of Postgres."""

# Limits

MOST_IN_FLIGHT = 120_000
"""Messages of a queue, standard or FIFO, that are received and not deleted:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"""

FREEZE_AFTER = 200_000_000
"""Transactions after which a table is vacuumed whole (autovacuum_freeze_max_age):
https://www.postgresql.org/docs/current/runtime-config-autovacuum.html"""

NODE_SIZES = (2, 4, 8, 16, 32, 64)
"""vCPUs of m7g and r8g instances, up to 16xlarge."""

LARGEST_NODE = 64

MOST_NODES = 2000
"""Where the model gives up: far more than any cluster of Citus that is written about."""

NODE_MIB, NODE_OPERATIONS, NODE_TIB = 2000, 80_000, 64
"""Most MiB/s, operations a second and TiB of a gp3 volume; a smaller node reaches its share of it:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html"""

# Prices in US dollars, us-east-1, on demand, without free tiers; as quoted in 2026.

SQS_TIERS = ((100e9, 0.40), (200e9, 0.30), (inf, 0.24))
"""Up to so many requests a month, of a standard queue, a million cost so much:
https://aws.amazon.com/sqs/pricing/, as https://cloudburn.io/blog/amazon-sqs-pricing quotes it."""

FARGATE_VCPU_HOUR, FARGATE_GB_HOUR = 0.03238, 0.00356
"""Linux on ARM: https://aws.amazon.com/fargate/pricing/, by
https://www.vantage.sh/blog/fargate-pricing"""


@dataclass(frozen=True)
class Kind:
    """A kind of database node. Disks are gp3."""

    name: str
    vcpu_hour: float
    gib_per_vcpu: float
    gb_month: float
    free_operations: int
    """Operations a second that a node's volume has anyhow."""
    operation_month: float
    free_mib: int
    """MiB/s that it has anyhow."""
    mib_month: float
    backup_gb_month: float


SINGLE = Kind(
    name="RDS db.r8g",
    vcpu_hour=0.478 / 4,
    gib_per_vcpu=8,
    gb_month=0.115,
    free_operations=12_000,
    operation_month=0.02,
    free_mib=500,
    mib_month=0.08,
    backup_gb_month=0.095,
)
"""Plain Postgres in one zone: https://aws.amazon.com/rds/postgresql/pricing/, by
https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/ and
https://www.usage.ai/blogs/aws/reserved-instances/rds/postgresql/read-replicas/
(that of MiB/s is from memory)."""

WORKER = Kind(
    name="Citus, EC2 m7g",
    vcpu_hour=0.0816 / 2,
    gib_per_vcpu=4,
    gb_month=0.08,
    free_operations=3_000,
    operation_month=0.005,
    free_mib=125,
    mib_month=0.04,
    backup_gb_month=0.023,
)
"""Self-managed, without replicas; its log goes to S3: https://aws.amazon.com/ec2/pricing/on-demand/
by https://www.factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026/,
https://aws.amazon.com/ebs/pricing/ and https://aws.amazon.com/s3/pricing/ (both from memory)."""
