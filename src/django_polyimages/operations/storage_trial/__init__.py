"""Tries a storage with files of its own, and tells what works, what does not and what helps."""

from __future__ import annotations

from django_polyimages.operations.storage_trial.cors import cors_rule
from django_polyimages.operations.storage_trial.run import try_storage
from django_polyimages.operations.storage_trial.steps import Step, Trial

__all__ = ["Step", "Trial", "cors_rule", "try_storage"]
