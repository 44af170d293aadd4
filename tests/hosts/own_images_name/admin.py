from django.contrib import admin

from django_polyimages.admin import ImageInline
from tests.hosts.own_images_name.models import OldPhoto, Product, Supplier


class OldPhotoInline(admin.TabularInline):
    model = OldPhoto


@admin.register(Product, Supplier)
class AttachableAdmin(admin.ModelAdmin):
    inlines = [ImageInline]


@admin.register(OldPhoto)
class OldPhotoAdmin(admin.ModelAdmin):
    list_filter = ["product__photos__is_cover"]
