from django.contrib import admin

from django_polyimages.admin import ImageInline
from tests.hosts.own_relation.models import Thing


@admin.register(Thing)
class ThingAdmin(admin.ModelAdmin):
    inlines = [ImageInline]
