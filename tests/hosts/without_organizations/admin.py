from django.contrib import admin

from django_polyimages.admin import ImageInline
from tests.hosts.without_organizations.models import Article


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    inlines = [ImageInline]
