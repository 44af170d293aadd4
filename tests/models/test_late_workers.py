"""What one worker does to an image that another one, or a request, has taken over meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from django_polyimages.models import Image, Regeneration
from django_polyimages.models.pending import due
from tests.builders import uploaded

pytestmark = pytest.mark.django_db(transaction=True)
WORK = "django_polyimages.models.pending.regenerate"


def test_an_image_belongs_to_a_killed_worker_for_a_quarter_of_an_hour(
    acme, task_engine, monkeypatch
):
    """A job that its engine delivers again is not for a second worker beside the first."""
    uploaded(acme)
    [job] = task_engine.waiting()

    def killed(*_arguments, **_options):
        task_engine.give(*job)
        task_engine.work()
        raise KeyboardInterrupt

    monkeypatch.setattr(WORK, killed)
    with pytest.raises(KeyboardInterrupt):
        task_engine.work()
    image = Image.objects.get()
    assert (image.status, image.attempts) == ("pending", 1)
    left = image.next_attempt_at - timezone.now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert not due(Image.objects.all()).exists()


def test_a_failure_is_not_that_of_an_image_which_has_begun_again_meanwhile(
    acme, task_engine, monkeypatch
):
    uploaded(acme)
    task_engine.lose_all()
    Image.objects.update(attempts=4)

    def late(*_arguments, **_options):
        Image.objects.enqueue()
        return Regeneration([], failure="TimeoutError")

    monkeypatch.setattr(WORK, late)
    Image.generate_pending(str(Image.objects.get().pk), using="default")
    image = Image.objects.get()
    assert (image.status, image.attempts, image.failure_reason) == ("pending", 0, "")
    assert due(Image.objects.all()).get() == image
