from __future__ import annotations

import pytest
from django.template import Context, Engine, Template, TemplateSyntaxError
from django.urls import NoReverseMatch
from django.utils.functional import SimpleLazyObject

from django_polyimages.models import Image
from tests.builders import fake_images
from tests.helpers import rendered

pytestmark = pytest.mark.django_db

INVALID = ["", "INVALID", "INVALID %s", "%s"]


class TestImageLink:
    def test_is_the_path_of_a_view_and_needs_no_storage(self, large, contact, files):
        relation = contact.images.attach(large)
        files.delete(large.versions["sm"].key)
        assert rendered("{% image_link relation 'sm' %}", relation=relation) == (
            f"/images/{large.pk}/versions/sm/"
        )
        source = "{% image_link image 'sm' as path %}https://example.com{{ path }}"
        assert rendered(source, image=large) == (
            f"https://example.com/images/{large.pk}/versions/sm/"
        )

    def test_of_nothing_is_empty(self):
        assert rendered("{% image_link None 'sm' %}") == ""

    def test_of_an_unknown_version_names_the_known_ones(self, large):
        with pytest.raises(KeyError, match="choose from thumb, sm, md, lg"):
            rendered("{% image_link image 'small' %}", image=large)

    def test_a_host_that_has_not_included_the_urls_is_told(self, large, settings):
        settings.ROOT_URLCONF = "tests.urls_default"
        with pytest.raises(NoReverseMatch, match="polyimages"):
            rendered("{% image_link image 'sm' %}", image=large)


class TestImageUrl:
    def test_is_the_version_s_or_the_next_best(self, large, contact):
        relation = contact.images.attach(large)
        source = "{% image_url relation 'sm' %}"
        assert rendered(source, relation=relation) == large.versions["sm"].url
        relation.image.versions = {"lg": large.versions["lg"]}
        assert rendered(source, relation=relation) == large.versions["lg"].url

    def test_of_nothing_is_empty(self, large):
        large.versions = {}
        assert rendered("{% image_url image 'sm' %}", image=large) == ""
        assert rendered("{% image_url None 'sm' %}") == ""

    def test_of_an_unknown_version_names_the_known_ones(self, large):
        with pytest.raises(KeyError, match="choose from thumb, sm, md, lg"):
            rendered("{% image_url image 'small' %}", image=large)

    def test_can_be_kept_in_a_variable(self, large):
        source = "{% image_url image 'sm' as url %}[{{ url }}]"
        assert rendered(source, image=large) == f"[{large.versions['sm'].url}]"

    def test_takes_its_arguments_by_name(self, large):
        source = "{% image_url subject=image name='sm' %}"
        assert rendered(source, image=large) == large.versions["sm"].url


class TestPicture:
    def test_of_no_cover_is_nothing(self, contact):
        assert rendered("{% picture contact.images.cover %}", contact=contact) == ""

    def test_can_be_kept_in_a_variable(self, large):
        html = rendered("{% picture image as shown %}[{{ shown }}]", image=large)
        assert html.startswith("[<img ")
        assert rendered("{% picture typo as shown %}[{{ shown }}]") == "[]"


def with_invalid(source: str, string_if_invalid: str, **context: object) -> str:
    """What a site renders that marks unknown variables."""
    engine = Engine(
        string_if_invalid=string_if_invalid,
        libraries={"polyimages": "django_polyimages.templatetags.polyimages"},
    )
    return engine.from_string("{% load polyimages %}" + source).render(Context(context))


@pytest.mark.parametrize("tag", ["{%% picture %s %%}", "{%% image_url %s 'sm' %%}"])
class TestASubject:
    @pytest.mark.parametrize("invalid", INVALID)
    @pytest.mark.parametrize(
        "name",
        ["typo", "order.product.images.cover", "order.typo", "typo|first", "typo|default:''"],
    )
    def test_that_does_not_exist_is_nothing(self, tag, name, invalid):
        order = {"product": None}
        assert with_invalid(tag % name, invalid, order=order) == ""

    @pytest.mark.parametrize(
        "empty", [None, "", SimpleLazyObject(lambda: None), SimpleLazyObject(lambda: "")]
    )
    def test_that_is_empty_is_nothing(self, tag, empty):
        assert rendered(tag % "image", image=empty) == ""

    @pytest.mark.parametrize("invalid", INVALID)
    @pytest.mark.parametrize("name", ["images/a.jpg", "INVALID photo"])
    def test_that_is_a_text_raises_and_is_named(self, tag, name, invalid):
        with pytest.raises(
            TypeError, match=r"order\.photo is neither an image .*; its type is str"
        ):
            with_invalid(tag % "order.photo", invalid, order={"photo": name})

    def test_that_is_a_list_or_a_manager_raises_and_says_what_to_pass(
        self, tag, contact, django_assert_num_queries
    ):
        for name, kind in (
            ("contact.images", "ImagesOfOne"),
            ("contact.images.all", "QuerySet"),
            ("nothing", "list"),
        ):
            with (
                django_assert_num_queries(0),
                pytest.raises(TypeError, match=rf"{name} is .*{kind}.* one relation"),
            ):
                rendered(tag % name, contact=contact, nothing=[])

    def test_may_be_evaluated_late(self, tag, large):
        late = SimpleLazyObject(lambda: large)
        assert rendered(tag % "late", late=late) == rendered(tag % "image", image=large)

    @pytest.mark.parametrize("status", ["pending", "failed"])
    def test_without_versions_does_not_fail(self, tag, acme, status):
        [image] = fake_images(acme, 1)
        image.status, image.versions = Image.Status(status), {}
        assert "http" not in rendered(tag % "image", image=image)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% picture image 'sm' %}", "{% picture %}: too many positional arguments"),
        ("{% picture image id='a' id='b' %}", "{% picture %}: .*multiple values .*'id'"),
        ("{% picture image subject=image %}", "{% picture %}: multiple values .*'subject'"),
        ("{% image_url image %}", "{% image_url %}: missing .* 'name'"),
        ("{% image_url image 'sm' class='x' %}", "{% image_url %}: .* unexpected .* 'class'"),
        ("{% image_url %}", "{% image_url %}: missing .* 'subject'"),
    ],
)
def test_a_wrong_argument_is_told_when_the_template_is_read(source, message):
    with pytest.raises(TemplateSyntaxError, match=message):
        Template("{% load polyimages %}" + source)


class TestImageUploads:
    def test_is_a_field_with_its_scripts(self):
        source = '{% load polyimages %}{% image_uploads url=url name="photos" %}'
        html = Template(source).render(Context({"url": '/uploads/?a"b'}))
        assert 'data-uploads-url="/uploads/?a&quot;b"' in html
        assert 'name="photos"' in html
        assert html.count("polyimages/sending.js") == 1
