"""The URLs to include: ``path("images/", include("django_polyimages.urls"))``.

Needed by ``image.url``, if ``ORIGINAL_STORAGE`` names a storage that does not sign URLs, and by
links that live longer than a signature: ``{% image_link image "md" %}``.
"""

from __future__ import annotations

from django.urls import path

from django_polyimages.views import original, version

app_name = "polyimages"
urlpatterns = [
    path("<path:image_id>/original/", original, name="original"),
    path("<path:image_id>/versions/<str:name>/", version, name="image"),
]
