"""Errors as exit codes and one-line messages."""

import logging
import os
import sys
from collections.abc import Callable
from enum import IntEnum

import psycopg


class ExitCode(IntEnum):
    """How a command ends. A scheduler may retry 1 and 4."""

    OK = 0
    """The queue is drained, or the command is done."""
    RETRYABLE = 1
    """Stopped early, or a server is out of reach: run it again."""
    CONFIGURATION = 2
    """A setting is wrong, or names something that does not exist."""
    PERMISSION = 3
    """Credentials, a right or the set-up of the database are missing."""
    NOT_DELETED = 4
    """Every received message has landed, but some are not deleted. A rerun deletes them."""


class LoaderError(Exception):
    """An error that a person can act on: one line that says what is wrong and what to do."""

    def __init__(self, exit_code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class TemporaryError(LoaderError):
    """An error that may pass by itself. `kind` is its name in the metrics."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(ExitCode.RETRYABLE, message)
        self.kind = kind


def exit_code_of(command: Callable[[], ExitCode], log: logging.Logger) -> ExitCode:
    """Run a command, log its error as one line, and return its exit code."""
    try:
        exit_code = command()
        sys.stdout.flush()  # raises BrokenPipeError here rather than at exit
        return exit_code
    except LoaderError as error:
        log.error("%s", error)
        return error.exit_code
    except psycopg.Error as error:  # without its detail, which quotes values
        log.error("Postgres: %s", error.diag.message_primary or type(error).__name__)
        return ExitCode.CONFIGURATION
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does. The rest of it goes nowhere:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.RETRYABLE
    except KeyboardInterrupt:
        log.error("interrupted: run again, nothing is lost")
        return ExitCode.RETRYABLE
