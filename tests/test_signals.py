from __future__ import annotations

import pytest

from django_polyimages.models import Image
from django_polyimages.signals import image_failed, image_ready
from tests.builders import uploaded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("signal", "status"), [(image_ready, "ready"), (image_failed, "failed")])
def test_a_receiver_gets_the_model_and_the_image(acme, monkeypatch, signal, status):
    heard: list[object] = []

    def receive(sender, image, **_kwargs):
        heard.append((sender, image.status))

    if status == "failed":
        monkeypatch.setattr("django_polyimages.pipeline.generation.encode", lambda *args: 1 / 0)
    signal.connect(receive, sender=Image)
    try:
        uploaded(acme)
    finally:
        signal.disconnect(receive, sender=Image)
    assert heard == [(Image, status)]
