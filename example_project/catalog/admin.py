from django.contrib import admin

from catalog.models import Product
from django_polyimages.admin import ImageDeletionMixin, ImageInline


@admin.register(Product)
class ProductAdmin(ImageDeletionMixin, admin.ModelAdmin):
    list_display = ["name", "organization"]
    list_filter = ["organization"]
    search_fields = ["name"]
    inlines = [ImageInline]
