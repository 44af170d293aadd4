"""System checks for likely mistakes in a host project. Each message has a hint that fixes it.

An id is never reused, even after its check is removed; ``docs/checks.md`` lists all of them.
"""

from __future__ import annotations

from django.core import checks
from django.core.checks import Tags

from django_polyimages.checks import (
    hosts,
    models,
    names,
    originals,
    policy,
    settings,
    storage,
    tasks,
)

__all__ = ["register"]


def register() -> None:
    """Register all checks. Called once, after the models are loaded."""
    for check in (
        hosts.check_organization_paths,
        hosts.check_inherited_images,
        hosts.check_primary_keys,
        hosts.check_models_not_in_use,
        models.check_image_model,
        models.check_relation_model,
        names.check_names_of_images,
        names.check_default_manager,
        names.check_names_of_the_package,
    ):
        checks.register(check, Tags.models)
    for check in (
        policy.check_policy,
        settings.check_pillow,
        settings.check_resizer,
        settings.check_memory,
        settings.check_widths,
        settings.check_uploads,
        settings.check_templates,
        tasks.check_task_engine,
    ):
        checks.register(check)
    checks.register(storage.check_storage, Tags.files)
    checks.register(originals.check_originals, Tags.files)
    checks.register(settings.check_request_size, Tags.security, deploy=True)
