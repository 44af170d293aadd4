"""Which parts of Pillow are loaded, and when; seen from a process that has done nothing else."""

from __future__ import annotations

from tests.helpers import in_a_new_process

CODE = r"""
import io, sys
from PIL import Image
content = io.BytesIO()
exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
Image.new("RGB", (300, 200), "red").save(content, "JPEG", exif=exif)
def plugins():
    return {name for name in sys.modules if name.endswith("ImagePlugin")}
before = plugins()
from django_polyimages.pipeline.generation import generate
from django_polyimages.pixels.inspection import inspect
from django_polyimages.specs import DEFAULT_VERSIONS
from django.core.files.base import ContentFile
file = ContentFile(content.getvalue())
[*_, end] = generate(file, inspect(file), DEFAULT_VERSIONS)
assert end.failure is None, end.failure
print(sorted(plugins() - before))
"""


def test_the_first_upload_loads_no_format():
    """Pillow would load all forty with the first WebP."""
    assert in_a_new_process(CODE) == "[]"
