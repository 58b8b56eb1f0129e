"""Answers and errors of SQS as one line that says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Any

from botocore import exceptions
from botocore.model import OperationModel
from botocore.parsers import ResponseParserError

from common.errors import ExitCode, LoaderError, TemporaryError

# Error codes of both protocols, JSON and query:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
NO_QUEUE = re.compile("NonExistentQueue|QueueDoesNotExist")
# Codes, and words that SQS says with a code of wrong credentials.
CLOCK = re.compile("RequestExpired|RequestTimeTooSkewed|Signature (expired|not yet current)")
CREDENTIALS = re.compile(
    "ExpiredToken|IncompleteSignature|InvalidClientTokenId|InvalidSecurity|SignatureDoesNotMatch"
    "|UnrecognizedClient"
)
# Besides HTTP 429. OverLimit: 120,000 messages (FIFO: 20,000) are in flight.
THROTTLED = re.compile("Throttl|OverLimit|TooManyRequests|RequestLimitExceeded")

# <ErrorResponse>, <GetQueueUrlResponse> …, with any status and Content-Type
XML = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<[A-Z][A-Za-z]*Response\b")
UNREADABLE = (ResponseParserError, JSONDecodeError, UnicodeDecodeError, KeyError, TypeError)


class OlderProtocolError(Exception):
    """A request in JSON is answered in the XML of the query protocol."""


class ForeignAnswerError(Exception):
    """An answer is not one of SQS. Its text is what is known of the answer, without the body."""


def check_answer(
    response_dict: dict[str, Any], operation_model: OperationModel, **_: object
) -> None:
    """Raise an error for an answer that botocore cannot parse (event before-parse)."""
    status, body, headers = (response_dict[key] for key in ("status_code", "body", "headers"))
    is_xml = bool(XML.match(body))
    if operation_model.service_model.resolved_protocol == "query":
        is_sqs = is_xml
    elif is_xml:
        raise OlderProtocolError
    elif status < 300:
        is_sqs = not body or body.lstrip().startswith(b"{")  # DeleteMessage has an empty answer
    else:
        is_sqs = b'"__type"' in body  # every error has a type
    if not is_sqs:
        content = headers.get("Content-Type", "").partition(";")[0]
        said = f"HTTP {status} {content} by {headers.get('Server', 'a server')}"
        raise ForeignAnswerError(re.sub(r"[^\w/.+ -]", "", said)[:100].strip(), status)


def action_of(operation: str) -> str:
    """Return the IAM action of a method of boto3: sqs:DeleteMessage of delete_message_batch."""
    return "sqs:" + operation.removesuffix("_batch").title().replace("_", "")


@contextmanager
def sqs_errors(operation: str, queue: str, endpoint: str) -> Iterator[None]:
    """Turn errors of botocore in an operation into LoaderError.

    Credentials in `endpoint` are not shown.
    """
    action = action_of(operation)
    endpoint = re.sub(r"//[^/@]*@", "//", endpoint)
    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(error, action, queue, endpoint) from None
    except (ForeignAnswerError, *UNREADABLE) as error:
        said, status = error.args if isinstance(error, ForeignAnswerError) else ("the answer", 200)
        failed = f"{said} from {endpoint} is not SQS, or not in order"
        remedy = "check AWS_ENDPOINT_URL or LOGIN_QUEUE"
        if 300 <= status < 500 and status != 429:
            raise LoaderError(ExitCode.CONFIGURATION, f"{failed}: {remedy}") from None
        raise TemporaryError("answer", f"{failed}: {remedy}, or run again") from None
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError):
        remedy = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise LoaderError(ExitCode.PERMISSION, f"no AWS credentials: {remedy}") from None
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        remedy = "check AWS_ENDPOINT_URL or LOGIN_QUEUE and the network, then run again"
        failed = f"cannot reach SQS at {endpoint} ({type(error).__name__}): {remedy}"
        raise TemporaryError("unreachable", failed) from None
    except (exceptions.BotoCoreError, ValueError) as error:
        # ValueError: botocore's answer to an endpoint that is not a URL.
        said = (str(error) or type(error).__name__).splitlines()[0]
        failed = f"{action} on {queue!r} at {endpoint}: {said}"
        raise LoaderError(ExitCode.CONFIGURATION, failed) from None


def _refused(error: exceptions.ClientError, action: str, queue: str, endpoint: str) -> LoaderError:
    said = error.response.get("Error", {})
    code = said.get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    request = f"{action} on {queue!r}"
    failed = f"{request} failed: {code} (HTTP {status})"
    if NO_QUEUE.search(code):
        remedy = "create it, or correct LOGIN_QUEUE, AWS_REGION or AWS_ENDPOINT_URL"
        failed = f"queue {queue!r} does not exist at {endpoint}: {remedy}"
        return TemporaryError("no_queue", failed, ExitCode.CONFIGURATION)  # it may come yet
    if THROTTLED.search(code) or status == 429:
        return TemporaryError("throttled", f"{request} is throttled ({code}): run later")
    exit_code = ExitCode.PERMISSION
    if CLOCK.search(code) or CLOCK.search(said.get("Message", "")):
        exit_code = ExitCode.CONFIGURATION
        failed = f"SQS refuses the time of the request ({code}): set the clock of this machine"
    elif CREDENTIALS.search(code):
        failed = f"SQS refuses the AWS credentials ({code}): renew them"
    elif "AccessDenied" in code or status in (401, 403):
        remedy = "and kms:Decrypt where the queue is encrypted with a key of yours"
        failed = f"{request} is denied ({code}): allow it in the IAM or queue policy ({remedy})"
    elif 400 <= status < 500:
        exit_code = ExitCode.CONFIGURATION
    else:
        return TemporaryError("server", f"{failed}: run again later")
    return LoaderError(exit_code, failed)
