"""What an error of a storage means, and what helps."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

logger = logging.getLogger("django_polyimages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error of a storage, by a name that contains no hosts, buckets or keys."""

    name: str
    """Such as ``AccessDenied`` or ``PermissionError``, for users and for rows."""
    hint: str
    """What an administrator can do, for the log."""
    is_temporary: bool
    """Whether the same request may succeed later without any change."""
    is_refusal: bool
    """Whether a file was certainly not written."""


_NO_PERMISSION: Final = (
    "The access key lacks permissions. It needs s3:PutObject, s3:GetObject and s3:DeleteObject, "
    "and the policy of the bucket must not deny them."
)
_NO_BUCKET: Final = "The bucket does not exist. Check bucket_name, endpoint_url and region_name."
_OTHER_REGION: Final = "The bucket is in another region. Check region_name and endpoint_url."
_CREDENTIALS: Final = "Check access_key and secret_key."
_HINTS_OF_S3: Final[Mapping[str, str]] = {
    "403": _NO_PERMISSION,
    "AccessDenied": _NO_PERMISSION,
    "AllAccessDisabled": _NO_PERMISSION,
    "Unauthorized": _NO_PERMISSION,
    "404": _NO_BUCKET,
    "NoSuchBucket": _NO_BUCKET,
    "301": _OTHER_REGION,
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "PermanentRedirect": _OTHER_REGION,
    "NoSuchKey": "The file does not exist.",
    "ExpiredToken": "The credentials have expired.",
    "InvalidAccessKeyId": f"The access key is unknown. {_CREDENTIALS}",
    "SignatureDoesNotMatch": f"The secret key is wrong. {_CREDENTIALS}",
    "NoCredentialsError": f"There are no credentials. {_CREDENTIALS}",
    "PartialCredentialsError": f"One of the credentials is missing. {_CREDENTIALS}",
    "RequestTimeTooSkewed": "The clock of this machine is wrong.",
    "SSLError": "The certificate of the server is not trusted. Check endpoint_url and verify.",
}
"""By the code of the response, or the name of the exception."""
_HINTS_OF_DISK: Final[Mapping[int, str]] = {
    errno.EACCES: "The process cannot write there. Check the owner and mode of the folder.",
    errno.EPERM: "The process cannot write there. Check the owner and mode of the folder.",
    errno.EROFS: "The file system is read-only.",
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "The disk quota is used up.",
    errno.ENOENT: "The file does not exist.",
    errno.ENOTDIR: "A part of the path is a file instead of a folder.",
}
_WROTE_NOTHING: Final = frozenset([errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR])
_TOO_MANY_REQUESTS: Final = 429
_LATER: Final = frozenset(["RequestTimeout", "SlowDown", "TooManyRequests"])


def problem_of(error: BaseException) -> Problem:
    """The problem behind an error of any storage; that of S3 is known by its response."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, Mapping) and "Error" in response:
        return _problem_of_response(response)
    name = type(error).__name__
    if hint := _HINTS_OF_S3.get(name, ""):
        return Problem(name=name, hint=hint, is_temporary=False, is_refusal=True)
    number = (error.errno or 0) if isinstance(error, OSError) else 0
    if number in _HINTS_OF_DISK:
        return Problem(
            name=name if type(error) is not OSError else errno.errorcode[number],
            hint=_HINTS_OF_DISK[number],
            is_temporary=False,
            is_refusal=number in _WROTE_NOTHING,
        )
    hint = "The storage does not respond as it should. Check its address and the network."
    return Problem(name=name, hint=hint, is_temporary=True, is_refusal=False)


def report(action: str, error: BaseException) -> Problem:
    """Write to the log that ``action`` failed, with the name of the problem and what helps."""
    problem = problem_of(error)
    logger.error("%s failed (%s). %s", action, problem.name, problem.hint, exc_info=error)
    return problem


def _problem_of_response(response: Mapping[str, Any]) -> Problem:
    code = str(response["Error"].get("Code") or "")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    temporary = code in _LATER or status == _TOO_MANY_REQUESTS or not 300 <= status < 500
    hint = "Try again later." if temporary else "Look the code up in the manual of the server."
    return Problem(
        name=code or f"HTTP{status}",
        hint=_HINTS_OF_S3.get(code, hint),
        is_temporary=temporary and code not in _HINTS_OF_S3,
        is_refusal=300 <= status < 500,
    )
