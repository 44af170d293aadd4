from __future__ import annotations

import pytest
from django.contrib.admin.checks import check_dependencies
from django.template import engines
from django.utils.functional import SimpleLazyObject
from jinja2 import StrictUndefined, UndefinedError

from django_polyimages.checks.settings import check_templates
from tests.documents import DOCS, blocks_of
from tests.helpers import rendered

pytestmark = pytest.mark.django_db
GUIDE = DOCS / "guides" / "templates.md"
EXTENSION = "django_polyimages.jinja2.PolyimagesExtension"


@pytest.fixture
def jinja(settings):
    """``jinja(source, name=value)`` is what Django's Jinja2 backend makes of a template."""
    options = {"extensions": [EXTENSION]}
    django = settings.TEMPLATES

    def render(source: str, **context: object) -> str:
        backend = {"BACKEND": "django.template.backends.jinja2.Jinja2", "OPTIONS": options}
        settings.TEMPLATES = [*django, backend]
        return engines["jinja2"].from_string(source).render(context)

    render.options = options
    return render


def test_a_picture_is_what_the_tag_writes(jinja, large, contact):
    contact.images.attach(large, is_cover=True)
    expected = rendered('{% picture image sizes="9em" class="card" data_id=3 %}', image=large)
    source = "{{ picture(SUBJECT, sizes='9em', class='card', data_id=3) }}"
    assert jinja(source.replace("SUBJECT", "image"), image=large) == expected
    cover = source.replace("SUBJECT", "contact.images.cover()")
    assert jinja(cover, contact=contact) == expected


def test_a_link_is_what_the_tag_writes(jinja, large):
    expected = rendered("{% image_link image 'sm' %}", image=large)
    assert jinja("{{ image_link(image, 'sm') }}|{{ image_link(none, 'sm') }}", image=large) == (
        f"{expected}|"
    )


def test_the_guide_s_example_is_all_that_is_needed(settings, large, product):
    relation = product.images.attach(large, is_cover=True)
    names = {"TEMPLATES": list(settings.TEMPLATES)}
    [block] = [one for one in blocks_of(GUIDE, "python") if "Jinja2" in one.code]
    exec(block.code, names)
    settings.TEMPLATES = names["TEMPLATES"]
    assert check_templates() == []
    assert check_dependencies() == []  # of the admin
    [example] = blocks_of(GUIDE, "jinja")
    html = (
        engines["jinja2"]
        .from_string(example.code)
        .render({"product": product, "relation": relation})
    )
    assert html.count("<img ") == 2
    assert f'href="{large.versions["lg"].url}"' in html


def test_a_url_is_what_the_tag_writes(jinja, large, monkeypatch):
    monkeypatch.setattr("django_polyimages.versions.Version.url", "/a?b=1&c=2")
    assert jinja("{{ image_url(image, 'sm') }}", image=large) == "/a?b=1&amp;c=2"
    assert rendered("{% image_url image 'sm' %}", image=large) == "/a?b=1&amp;c=2"


@pytest.mark.parametrize("call", ["picture(%s)", "image_url(%s, 'sm')"])
class TestASubject:
    def test_that_is_undefined_or_empty_is_nothing(self, jinja, call):
        source = "{{ " + call + " }}"
        assert jinja(source % "typo") == ""
        assert jinja(source % "order.product", order={}) == ""
        for empty in (None, "", SimpleLazyObject(lambda: None)):
            assert jinja(source % "image", image=empty) == ""

    def test_that_is_undefined_raises_if_the_site_wants_that(self, jinja, call):
        jinja.options["undefined"] = StrictUndefined
        with pytest.raises(UndefinedError, match="'typo' is undefined"):
            jinja("{{ " + call % "typo" + " }}")

    def test_of_a_wrong_type_raises(self, jinja, call, contact):
        source = "{{ " + call % "contact.images.cover" + " }}"
        with pytest.raises(TypeError, match="its type is method"):
            jinja(source, contact=contact)
        with pytest.raises(TypeError, match="its type is str"):
            jinja("{{ " + call % "'images/a.jpg'" + " }}")
