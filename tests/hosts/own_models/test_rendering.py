from __future__ import annotations

import re

from django.template import Context, Template
from django.test import Client

from tests.helpers import storage_calls
from tests.hosts.own_models.archive.models import Book


def test_a_page_shows_the_hosts_images(photos, monkeypatch, django_assert_num_queries):
    with storage_calls(monkeypatch) as calls, django_assert_num_queries(1):
        page = Client().get("/").content.decode()
    source = r'<source type="image/avif" srcset="/media/images/\w+_large.avif 400w"'
    assert len(re.findall(source, page)) == 3
    assert len(re.findall(r"/media/images/\w+_square.webp", page)) == 3
    assert calls == []


def test_a_relation_is_shown_with_its_own_text(acme, photos):
    book = Book.objects.create(organization=acme, name="Emma")
    use = book.images.attach(photos[0], custom_alt_text="The cover")
    html = Template("{% load polyimages %}{% picture use class='card' %}").render(
        Context({"use": use})
    )
    assert 'alt="The cover"' in html
    assert 'class="card"' in html
    assert photos[0].versions["large_webp"].url in html
    assert photos[0].versions["square"].url not in html  # it is cropped
