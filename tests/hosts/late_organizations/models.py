from __future__ import annotations

import uuid

from django.db import models


class Shop(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    slug = models.SlugField(unique=True)

    def __str__(self) -> str:
        return self.slug
