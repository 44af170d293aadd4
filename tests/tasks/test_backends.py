from __future__ import annotations

import django

from django_polyimages.tasks import backends


def test_django_s_own_tasks_are_used_if_there_are_any():
    expected = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
    assert backends.task.__module__.startswith(expected)
