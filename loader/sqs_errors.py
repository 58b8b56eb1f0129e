"""Errors of botocore as one line that says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from loader.errors import ExitCode, LoaderError, TemporaryError

# Error codes of both protocols, JSON and query:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
DENIED = {"AccessDenied", "AccessDeniedException", "KmsAccessDenied", "KMS.AccessDeniedException"}
BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
CLOCK = {"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"}
# SQS says these words with codes of wrong credentials, too.
CLOCK_WORDS = re.compile("Signature expired|Signature not yet current|Request has expired")
# Besides HTTP 429. OverLimit: 120,000 messages (FIFO: 20,000) are in flight.
THROTTLED = re.compile("Throttl|OverLimit|TooManyRequests|RequestLimitExceeded")


class NoSuchQueueError(LoaderError):
    """The queue does not exist, or not yet."""


@contextmanager
def sqs_errors(action: str, queue: str, endpoint: str) -> Iterator[None]:
    """Turn errors of botocore inside the block into LoaderError.

    `action` is the IAM action that the request needs, as "sqs:ReceiveMessage". Credentials in
    `endpoint` are not shown.
    """
    endpoint = re.sub(r"//[^/@]*@", "//", endpoint)
    try:
        yield
    except ClientError as error:
        raise _refused(error, action, queue, endpoint) from None
    except (
        ResponseParserError,
        JSONDecodeError,
        UnicodeDecodeError,
        KeyError,
        TypeError,
        AttributeError,
    ):
        raise TemporaryError(
            "answer",
            f"what answers at {endpoint} is not SQS, or not in order: "
            "check AWS_ENDPOINT_URL or LOGIN_QUEUE, or run again",
        ) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise LoaderError(
            ExitCode.PERMISSION,
            "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ) from None
    except (NoRegionError, ProfileNotFound) as error:
        raise LoaderError(ExitCode.CONFIGURATION, f"AWS settings: {error}") from None
    except (ConnectionError, HTTPClientError) as error:
        raise TemporaryError(
            "unreachable",
            f"cannot reach SQS at {endpoint} ({type(error).__name__}): "
            "check AWS_ENDPOINT_URL or LOGIN_QUEUE and the network, then run again",
        ) from None
    except (BotoCoreError, ValueError) as error:
        # ValueError: botocore's answer to an endpoint that is not a URL.
        raise LoaderError(
            ExitCode.CONFIGURATION, f"{action} on {queue!r} at {endpoint}: {_first_line(error)}"
        ) from None


def _refused(error: ClientError, action: str, queue: str, endpoint: str) -> LoaderError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in NO_QUEUE:
        return NoSuchQueueError(
            ExitCode.CONFIGURATION,
            f"queue {queue!r} does not exist at {endpoint}: create it, "
            "or correct LOGIN_QUEUE, AWS_REGION or AWS_ENDPOINT_URL",
        )
    failed = f"{action} on {queue!r} failed: {code} (HTTP {status})"
    exit_code = ExitCode.CONFIGURATION
    if code in CLOCK or CLOCK_WORDS.search(error.response.get("Error", {}).get("Message", "")):
        failed = f"SQS refuses the time of the request ({code}): set the clock of this machine"
    elif code in BAD_CREDENTIALS:
        exit_code = ExitCode.PERMISSION
        failed = f"SQS refuses the AWS credentials ({code}): renew them"
    elif THROTTLED.search(code) or status == 429:
        return TemporaryError(
            "throttled", f"{action} on {queue!r} is throttled ({code}): run later"
        )
    elif code in DENIED or status in (401, 403):
        exit_code = ExitCode.PERMISSION
        failed = (
            f"{action} on {queue!r} is denied ({code}): allow it in the IAM or queue policy "
            "(and kms:Decrypt where the queue is encrypted with a key of yours)"
        )
    elif not 400 <= status < 500:
        return TemporaryError("server", f"{failed}: run again later")
    return LoaderError(exit_code, failed)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
