"""Errors as exit codes and one-line messages."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends. A scheduler may retry 1 and 4. docs/commands.md explains each."""

    OK = 0
    RETRYABLE = 1
    CONFIGURATION = 2
    PERMISSION = 3
    NOT_DELETED = 4


class LoaderError(Exception):
    """An error that a person can act on: one line that says what is wrong and what to do."""

    def __init__(self, exit_code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class TemporaryError(LoaderError):
    """An error that may pass by itself. `kind` is its name in the metrics."""

    def __init__(self, kind: str, message: str, exit_code: ExitCode = ExitCode.RETRYABLE) -> None:
        super().__init__(exit_code, message)
        self.kind = kind
