from django.contrib import admin

from django_polyimages.admin import ImageAdmin
from tests.own_images.models import Photo

admin.site.register(Photo, ImageAdmin)
