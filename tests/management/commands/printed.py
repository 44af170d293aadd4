"""What commands print."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command


def printed(name: str, *arguments: str, error: str = "") -> str:
    """What it prints; it has to fail with ``error`` and exit code 1, if that is given."""
    out = io.StringIO()
    if error:
        with pytest.raises(CommandError, match=error) as caught:
            call_command(name, *arguments, stdout=out)
        assert caught.value.returncode == 1
    else:
        call_command(name, *arguments, stdout=out)
    return out.getvalue()


def printed_with_code(name: str, *arguments: str) -> tuple[str, int]:
    """What it prints, and its exit code."""
    out = io.StringIO()
    try:
        call_command(name, *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), error.returncode
    return out.getvalue(), 0
