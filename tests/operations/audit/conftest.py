from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from django_polyimages.operations.audit import AuditPlan, Finding, audit
from tests.storage.conftest import bucket, connect, private, server  # noqa: F401


@pytest.fixture
def found(django_capture_on_commit_callbacks) -> Callable[..., list[Finding]]:
    """Runs an audit to which everything is old enough."""

    def run(**options) -> list[Finding]:
        with django_capture_on_commit_callbacks(execute=True):
            return list(audit(AuditPlan(**{"grace": timedelta(seconds=-60)} | options)))

    return run
