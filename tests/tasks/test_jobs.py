from __future__ import annotations

import pytest

from django_polyimages import tasks


def test_a_job_of_another_release_is_refused_by_name():
    with pytest.raises(ValueError, match="Unknown job 'resize': choose from generate, delete_f"):
        tasks.run("resize", "polyimages.image", "1", "default")
