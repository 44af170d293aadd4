"""The URLs to include: ``path("images/", include("django_polyimages.urls"))``.

Only ``image.url`` needs them, if ``ORIGINAL_STORAGE`` names a storage that does not sign URLs.
"""

from __future__ import annotations

from django.urls import path

from django_polyimages.views import original

app_name = "polyimages"
urlpatterns = [path("<path:image_id>/original/", original, name="original")]
