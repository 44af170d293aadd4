from django.contrib import admin

from contacts.models import Contact
from django_polyimages.admin import ImageDeletionMixin, ImageInline


@admin.register(Contact)
class ContactAdmin(ImageDeletionMixin, admin.ModelAdmin):
    list_display = ["name", "organization"]
    list_filter = ["organization"]
    search_fields = ["name"]
    inlines = [ImageInline]
