from __future__ import annotations

import pytest

from django_polyimages import tasks


def test_a_job_of_another_release_is_refused_by_name():
    with pytest.raises(ValueError, match="Unknown job 'resize': choose from generate, delete_f"):
        tasks.run("resize", "polyimages.image", "1", "default")


def test_many_images_are_a_job_for_each(task_engine):
    tasks.run("generate_many", "polyimages.image", ["1", "2"], "default")
    assert task_engine.waiting() == [
        ["generate", "polyimages.image", "1", "default"],
        ["generate", "polyimages.image", "2", "default"],
    ]
