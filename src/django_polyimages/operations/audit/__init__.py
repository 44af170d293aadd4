"""Compares the storages with the tables, and mends what can be mended without a guess.

``run`` lists the storages and reads the tables into an ``inventory``, which names what differs;
``orphans`` and ``images`` look at each of these again. ``relations`` and ``originals`` look at what
needs no list of the storage.
"""

from django_polyimages.operations.audit.findings import GRACE, RATE, AuditPlan, Finding
from django_polyimages.operations.audit.run import audit

__all__ = ["GRACE", "RATE", "AuditPlan", "Finding", "audit"]
