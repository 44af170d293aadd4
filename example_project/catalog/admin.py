from django.contrib import admin

from catalog.models import Product
from django_polyimages.admin import ImageInline


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["name", "organization"]
    list_filter = ["organization"]
    search_fields = ["name"]
    inlines = [ImageInline]
