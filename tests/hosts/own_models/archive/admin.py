from django.contrib import admin

from django_polyimages.admin import ImageAdmin, ImageInline
from tests.hosts.own_models.archive.models import Book, Photo


@admin.register(Photo)
class PhotoAdmin(ImageAdmin):
    list_display = [*ImageAdmin.list_display, "photographer"]


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    inlines = [ImageInline]
