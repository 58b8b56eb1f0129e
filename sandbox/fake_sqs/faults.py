"""Faults that an endpoint can be told to have."""

import time
from dataclasses import dataclass, field

from sandbox.fake_sqs.queue import SqsError

REFUSALS = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    "throttle": SqsError("ThrottlingException", "The request was denied: throttling."),
    "denied": SqsError("AccessDeniedException", "You do not have sufficient access."),
    "expired": SqsError("ExpiredTokenException", "The security token is expired.", 403),
    "kms_denied": SqsError("KmsAccessDenied", "The caller is not authorized: kms:Decrypt."),
    "skewed": SqsError(
        "RequestTimeTooSkewed", "The request time and the time differ too much.", 403
    ),
    "late": SqsError("RequestExpired", "Request has expired.", 400),
    "signature_expired": SqsError(
        "SignatureDoesNotMatch",
        "Signature expired: 20260301T120000Z is now earlier than 20260301T121500Z.",
        403,
    ),
    "signature": SqsError("SignatureDoesNotMatch", "The signature does not match.", 403),
    "unavailable": SqsError("ServiceUnavailable", "A temporary failure of the server.", 503),
}
"""The request is refused in SQS's own words."""

KINDS = {
    **dict.fromkeys(REFUSALS, ""),
    # The request is not carried out, and the answer is none of SQS's:
    "bad_gateway": "",  # 502 and a page of HTML
    "html": "",  # 200 and a page of HTML
    "blank": "",  # 200 and nothing
    "dropped": "",  # the connection is closed without an answer
    # The request is carried out, and the answer is spoilt on its way:
    "truncated": "",  # half of it, with the full Content-Length
    "cut": "",  # half of it, with a Content-Length to match
    "lost": "",  # the connection is closed without an answer
    # The request is carried out `seconds` late, unless its client has gone by then:
    "hang": "",
    # The request is carried out otherwise than it should be:
    "damaged": "ReceiveMessage",  # bodies are changed, MD5OfBody is that of the original
    "twice": "ReceiveMessage",  # each message twice in one answer; the latter handle is valid
    "again": "DeleteMessage",  # reported as deleted, but delivered once more
    "partial": "Batch",  # the first, third ... entry fails and is not carried out
}
"""Every kind of fault, and what the names of the actions have in common that can have it."""

PASSING = KINDS.keys() - REFUSALS.keys() | {"throttle", "unavailable"}
"""Kinds that may pass by themselves."""


@dataclass
class Fault:
    """A fault that calls of `action` have; of every action, if that is None.

    `after` calls pass first. Then `times` calls are hit, or those within `seconds` of the first
    that is; if neither is given, every one until the endpoint's faults are cleared.
    Raises ValueError for a fault that cannot happen.
    """

    kind: str
    action: str | None = None
    times: int | None = None
    after: int = 0
    seconds: float | None = None
    hits: int = 0
    """Calls that were hit so far."""
    _since: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}")
        if self.action is not None and KINDS[self.kind] not in self.action:
            raise ValueError(f"{self.action} cannot have the fault {self.kind}")
        if self.kind == "hang" and self.seconds is None:
            raise ValueError("say for how many seconds to hang")

    def strikes(self, action: str) -> bool:
        """Count a call, and tell whether it is hit."""
        if self.action not in (None, action) or KINDS[self.kind] not in action:
            return False
        if self.after:
            self.after -= 1
            return False
        now = time.monotonic()
        self._since = self._since or now
        # The seconds of a hang are those of each call.
        is_over = self.kind != "hang" and self.seconds and now - self._since > self.seconds
        if is_over or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True
