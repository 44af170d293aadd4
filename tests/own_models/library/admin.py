from django.contrib import admin

from django_polyimages.admin import ImageAdmin
from tests.own_models.library.models import Photo


@admin.register(Photo)
class PhotoAdmin(ImageAdmin):
    list_display = [*ImageAdmin.list_display, "photographer"]
    fields = [*ImageAdmin.fields, "photographer", "licence"]
