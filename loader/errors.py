"""What can go wrong, as exit codes and one-line errors."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How `python -m loader` ends; a scheduler may retry 1 and 4."""

    DRAINED = 0
    """Everything that was in the queue has landed and is deleted from it."""
    RETRYABLE = 1
    """Stopped early, or something was out of reach: run it again."""
    CONFIGURATION = 2
    """A setting is wrong, or names something that does not exist."""
    PERMISSION = 3
    """Credentials or a right are missing."""
    NOT_DELETED = 4
    """All that was received has landed, but not all of it is deleted. A rerun deletes it."""


class LoaderError(Exception):
    """An error that a person can act on: one line that says what is wrong and what to do."""

    def __init__(self, exit_code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class TemporaryError(LoaderError):
    """What time may heal, and so is worth trying again. `kind` is its name in the metrics."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(ExitCode.RETRYABLE, message)
        self.kind = kind
