"""Requests as a browser sends them, which know nothing of credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_SECONDS: Final = 10


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    verify: bool | str | None = None,
) -> tuple[int, bytes, Mapping[str, str]]:
    """The status, the content and the headers, in lower case, of the answer.

    ``verify`` is the option of boto3: a file of certificates, or False to trust every one. Raises
    the errors of urllib3, which boto3 has installed.
    """
    import urllib3

    trusted: dict[str, Any] = {"ca_certs": verify} if isinstance(verify, str) else {}
    trusted["cert_reqs"] = "CERT_NONE" if verify is False else "CERT_REQUIRED"
    with urllib3.PoolManager(**trusted) as pool:
        answer = pool.request(
            method,
            url,
            headers=dict(headers),
            body=body if method == "PUT" else None,
            timeout=_SECONDS,
            retries=False,
            redirect=False,
        )
    return answer.status, answer.data, {one.lower(): text for one, text in answer.headers.items()}
