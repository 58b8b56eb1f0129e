"""What every command shares: errors, the log, and the one door to Postgres."""

__version__ = "2.0.0"
