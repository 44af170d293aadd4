"""Django's task framework: Django 6's own, or its backport ``django-tasks`` on Django 5.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django

if TYPE_CHECKING or django.VERSION >= (6, 0):
    from django.tasks import task, task_backends
else:
    from django_tasks import task, task_backends

__all__ = ["task", "task_backends"]
