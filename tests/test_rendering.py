from __future__ import annotations

import re

import pytest
from django.template import Context, Template
from django.test import override_settings
from PIL import Image as PillowImage

from django_polyimages import VersionSpec
from django_polyimages.models import Image
from django_polyimages.rendering import picture
from tests.builders import uploaded
from tests.drawing import to_bytes, upload_of
from tests.helpers import rendered, storage_calls

pytestmark = pytest.mark.django_db


class TestPicture:
    def test_is_an_img_with_every_width_and_the_size_of_the_largest(self, large):
        stem = f"/media/{large.key.removesuffix('.jpg')}"
        assert rendered('{% picture image sizes="50vw" class="card" %}', image=large) == (
            '<img alt="A &quot;door&quot; &amp; &lt;gate&gt;" class="card" decoding="async" '
            f'height="1365" loading="lazy" sizes="50vw" src="{stem}_md.webp" '
            f'srcset="{stem}_thumb.webp 160w, {stem}_sm.webp 640w, {stem}_md.webp 1024w, '
            f'{stem}_lg.webp 2048w" style="background: url({large.placeholder}) '
            f'center / var(--placeholder-fit, contain) no-repeat" width="2048">'
        )

    def test_of_a_relation_has_the_alt_text_of_this_use(self, large, contact):
        relation = contact.images.attach(large, custom_alt_text="Entrance")
        assert ' alt="Entrance"' in rendered("{% picture relation %}", relation=relation)

    def test_alt_can_be_given_and_a_decorative_one_has_none(self, large):
        assert ' alt="x"' in rendered('{% picture image alt="x" %}', image=large)
        assert ' alt=""' in rendered("{% picture image decorative=True %}", image=large)

    def test_alt_is_always_there(self, large):
        for source in ("alt=None", "alt=typo", "alt=''"):
            assert rendered("{% picture image " + source + " %}", image=large).startswith(
                '<img alt="" '
            )

    def test_an_empty_option_means_the_default(self, large):
        usual = rendered("{% picture image %}", image=large)
        for name in ("sizes", "version", "placeholder", "class", "style"):
            assert rendered("{% picture image " + name + "=None %}", image=large) == usual
        for name in ("sizes", "version", "placeholder", "style"):
            assert rendered("{% picture image " + name + "=typo %}", image=large) == usual

    def test_the_first_one_of_a_page_is_fetched_first(self, large):
        html = rendered("{% picture image priority=True %}", image=large)
        assert ' fetchpriority="high"' in html
        assert "loading" not in html

    def test_other_keywords_are_attributes(self, large):
        source = '{% picture image id="x" data_zoom=zoom hidden=True %}'
        html = rendered(source, image=large, zoom="<2>")
        assert ' data-zoom="&lt;2&gt;" ' in html
        assert ' id="x" ' in html
        assert html.endswith(" hidden>")

    def test_each_width_is_named_once(self, image):
        html = rendered("{% picture image placeholder='none' %}", image=image)
        assert re.findall(r"(\d+)w", html) == ["160", "400"]

    @override_settings(
        POLYIMAGES={
            "VERSIONS": [
                VersionSpec("square", 100, 100, mode="fill"),
                VersionSpec("fine", 300, 300, format="AVIF"),
                VersionSpec("small", 200, 200, format="JPEG"),
                VersionSpec("usual", 300, 300, format="JPEG"),
            ],
            "ORGANIZATION_MODEL": "organizations.Organization",
        }
    )
    def test_formats_become_sources_and_cut_versions_stay_out(self, acme):
        image = uploaded(acme)
        html = rendered("{% picture image sizes='9em' %}", image=image)
        stem = f"/media/{image.key.removesuffix('.jpg')}"
        assert html.startswith(
            f'<picture><source type="image/avif" srcset="{stem}_fine.avif 300w" sizes="9em"><img '
        )
        assert f' src="{stem}_usual.jpg" ' in html
        assert f' srcset="{stem}_small.jpg 200w, {stem}_usual.jpg 300w" ' in html
        assert html.endswith("</picture>")
        assert "square" not in html

    def test_the_best_format_comes_first_whatever_the_order_of_the_settings(self, acme, settings):
        formats = ("PNG", "WEBP", "JPEG", "AVIF")
        specs = [VersionSpec(name.lower(), 300, 300, format=name) for name in formats]
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}
        html = rendered("{% picture image %}", image=uploaded(acme))
        assert re.findall(r'type="(.*?)"|<(img)', html) == [
            ("image/avif", ""),
            ("image/webp", ""),
            ("image/jpeg", ""),
            ("", "img"),
        ]
        assert html.count(".png") == 1

    def test_one_version_can_be_named(self, large):
        html = rendered("{% picture image version='sm' %}", image=large)
        assert f' src="{large.versions["sm"].url}" ' in html
        assert ' height="427" ' in html
        assert "srcset" not in html
        with pytest.raises(KeyError, match="choose from thumb, sm, md, lg"):
            rendered("{% picture image version='small' %}", image=large)

    def test_without_any_version_shows_the_placeholder_in_the_right_size(self, large):
        large.versions = {}
        html = rendered("{% picture image placeholder='none' %}", image=large)
        assert f' height="2000" loading="lazy" src="{large.placeholder}" width="3000">' in html

    def test_without_any_version_or_placeholder_keeps_its_meaning(self, large):
        large.versions, large.placeholder = {}, ""
        assert rendered("{% picture image %}", image=large) == (
            '<span aria-label="A &quot;door&quot; &amp; &lt;gate&gt;" class="polyimages-missing" '
            'role="img"></span>'
        )
        assert rendered("{% picture image decorative=True %}", image=large) == (
            '<span aria-hidden="true" class="polyimages-missing"></span>'
        )

    def test_without_any_version_or_placeholder_keeps_the_attributes(self, large):
        large.versions, large.placeholder = {}, ""
        source = (
            "{% picture image class='card' style='width: 9em' id='a' data_id=3 hidden=True "
            "sizes='9em' priority=True crossorigin='anonymous' alt=None %}"
        )
        assert rendered(source, image=large) == (
            '<span aria-hidden="true" class="polyimages-missing card" data-id="3" id="a" '
            'style="width: 9em" hidden></span>'
        )

    def test_never_shows_the_original(self, large):
        assert f"/media/{large.key}" not in rendered("{% picture image %}", image=large)

    def test_of_something_else_says_so(self):
        with pytest.raises(TypeError, match="neither an image nor a relation; its type is dict"):
            picture({})  # type: ignore[arg-type]

    def test_with_an_unknown_placeholder_names_the_known_ones(self, large):
        with pytest.raises(ValueError, match="'blur': choose from preview, color, none"):
            rendered("{% picture image placeholder='blur' %}", image=large)

    def test_can_be_put_into_a_template_as_a_value(self, large):
        value = picture(large, sizes="10em")
        assert rendered("{{ value }}", value=value) == str(value)
        assert str(value).startswith("<img alt=")

    def test_costs_no_query_and_no_storage_call(
        self, large, contact, monkeypatch, django_assert_num_queries
    ):
        relation = contact.images.attach(large)
        template = Template("{% load polyimages %}{% picture relation %}")
        template.render(Context({"relation": relation}))
        with storage_calls(monkeypatch) as calls, django_assert_num_queries(0):
            template.render(Context({"relation": relation}))
        assert calls == []


class TestMediaType:
    def test_is_that_of_the_file_whatever_the_settings_say_today(self, acme, settings):
        def use(*specs: VersionSpec) -> None:
            settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": list(specs)}

        use(VersionSpec("sm", 64, 64, format="AVIF"), VersionSpec("lg", 300, 300))
        image = uploaded(acme)
        use(VersionSpec("sm", 64, 64, format="JPEG"), VersionSpec("lg", 300, 300))
        html = rendered("{% picture image %}", image=image)
        assert f'<source type="image/avif" srcset="{image.versions["sm"].url} 64w"' in html
        assert "image/jpeg" not in html


class TestAPendingPicture:
    """Until a worker came, the smallest version is there and stands for all."""

    @pytest.fixture
    def pending(self, acme, task_engine) -> Image:
        return uploaded(acme, 3000, 2000)

    def test_is_the_smallest_version_in_the_size_of_the_picture_to_come(self, pending, task_engine):
        html = rendered("{% picture image placeholder='none' %}", image=pending)
        thumb = pending.versions["thumb"].url
        assert "srcset" not in html
        assert f'src="{thumb}" width="2048">' in html
        size = re.findall(r'(?:width|height)="\d+"', html)
        task_engine.give("generate", "polyimages.image", str(pending.pk), "default")
        task_engine.work()
        html = rendered("{% picture image placeholder='none' %}", image=Image.objects.get())
        assert (
            re.findall(r'(?:width|height)="\d+"', html) == size == ['height="1365"', 'width="2048"']
        )
        assert " 2048w" in html

    def test_may_be_one_version(self, pending):
        html = rendered("{% picture image version='md' %}", image=pending)
        assert f'src="{pending.versions["thumb"].url}"' in html
        assert 'height="683"' in html
        assert 'width="1024"' in html
        for name in ("sm", "md", "lg"):
            url = rendered("{% image_url image name %}", image=pending, name=name)
            assert url == pending.versions["thumb"].url

    def test_keeps_the_proportions_where_a_cropped_version_is_to_come(
        self, acme, task_engine, settings
    ):
        specs = [VersionSpec("sm", 640, 640), VersionSpec("wide", 300, 100, mode="fill")]
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}
        image = uploaded(acme, 900, 600)
        html = rendered("{% picture image version='wide' placeholder='none' %}", image=image)
        assert f'src="{image.versions["sm"].url}" width="640">' in html
        assert 'height="427"' in html

    def test_asks_no_storage(self, pending, monkeypatch):
        source = "{% picture image %}{% picture image version='lg' %}{% image_url image 'lg' %}"
        with storage_calls(monkeypatch) as calls:
            rendered(source, image=pending)
        assert calls == []


class TestPlaceholder:
    def test_is_a_preview_behind_the_picture(self, large):
        html = rendered("{% picture image %}", image=large)
        assert (
            f"url({large.placeholder}) center / var(--placeholder-fit, contain) no-repeat" in html
        )

    def test_may_be_a_colour_or_nothing(self, large, settings):
        html = rendered("{% picture image placeholder='color' %}", image=large)
        assert f' style="background: {large.dominant_color}" ' in html
        assert "style" not in rendered("{% picture image placeholder='none' %}", image=large)
        settings.POLYIMAGES = settings.POLYIMAGES | {"PLACEHOLDER": "none"}
        assert "style" not in rendered("{% picture image %}", image=large)

    def test_leaves_room_for_a_style_of_the_template_s_own(self, large):
        html = rendered("{% picture image placeholder='color' style='top: 0' %}", image=large)
        assert f' style="background: {large.dominant_color}; top: 0" ' in html

    def test_there_is_none_behind_a_picture_that_one_can_see_through(self, acme):
        content = to_bytes(PillowImage.new("RGBA", (300, 300), (220, 30, 30, 128)), "PNG")
        image = Image.objects.upload(upload_of(content), organization=acme)
        assert "style" not in rendered("{% picture image %}", image=image)


class TestPlaceholderFits:
    """The placeholder shows what the picture will show, with no bars beside it."""

    SPECS = (
        VersionSpec("square", 100, 100, mode="fill"),
        VersionSpec("wide", 300, 50, mode="fill"),
        VersionSpec("whole", 300, 300),
    )

    @pytest.mark.parametrize(
        ("style", "size"),
        [
            ("object-fit: cover", "center / cover"),
            ("width: 9px; object-fit:contain", "center / contain"),
            ("object-fit: fill", "center / 100% 100%"),
            ("", "center / var(--placeholder-fit, contain)"),
        ],
    )
    def test_the_object_fit_of_the_style(self, large, style, size):
        assert f"{size} no-repeat" in str(picture(large, style=style))

    # The original has 3000 x 2000 pixels: a square shows two thirds of its width, "wide" a quarter
    # of its height. A background at 0 % shows the start of what is cut off, at 100 % the end.
    @pytest.mark.parametrize(
        ("version", "focal", "place"),
        [
            ("square", (0.5, 0.5), "50% 50%"),
            ("square", (0, 0.5), "0% 50%"),
            ("square", (1, 0), "100% 50%"),
            ("square", (0.6, 0.5), "80% 50%"),
            ("wide", (0.1, 0.5), "50% 50%"),
            ("wide", (0.1, 0.2), "50% 10%"),
        ],
    )
    def test_the_part_that_a_cropped_version_shows(self, acme, settings, version, focal, place):
        settings.POLYIMAGES = {"VERSIONS": self.SPECS}
        image = uploaded(acme, 3000, 2000)
        image.focal_x, image.focal_y = focal
        assert f"{place} / cover no-repeat" in str(picture(image, version=version))
        assert "contain) no-repeat" in str(picture(image, version="whole"))
        assert "contain) no-repeat" in str(picture(image))
