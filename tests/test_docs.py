"""What the documentation says is what the code does: its examples run."""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import checks
from django.core.files.storage import Storage, storages
from django.db import connection
from django.db.models import Count
from django.template import Context, Template
from django.test import RequestFactory

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import VersionSpec
from django_polyimages.checks.settings import check_widths
from django_polyimages.checks.tasks import check_task_engine
from django_polyimages.conf import Settings, get_settings
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    Image,
    PendingUpload,
    prefetch_images,
)
from django_polyimages.specs import DEFAULT_VERSIONS
from django_polyimages.storage import get_original_storage
from tests.builders import fake_images, uploaded
from tests.documents import DOCS, PROJECT, Block, block_of, blocks_of, pages
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys, told_by_check

GUIDES = DOCS / "guides"


def names(page: Path) -> str:
    return str(page.relative_to(PROJECT))


@pytest.mark.parametrize("page", pages(), ids=names)
def test_python_compiles_and_templates_parse(page):
    for block in blocks_of(page, "python"):
        compile(block.code, names(page), "exec")
    for block in blocks_of(page, "django"):
        Template(block.code)


@pytest.mark.parametrize("page", [*pages(), PROJECT / "CHANGELOG.md"], ids=names)
def test_links_lead_somewhere_on_a_code_host_too(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)", text)
    local = [target for target in targets if not target.startswith("https://")]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.django_db
def test_templates_show_pictures(product, image, client):
    relation = product.images.attach(image)
    blocks = blocks_of(GUIDES / "templates.md", "django")
    examples = [block for block in blocks if block.code.startswith("{% load polyimages %}\n")]
    assert len(examples) == 3
    for block in examples:
        context = Context({"products": [product], "product": product, "relation": relation})
        assert "<img" in Template(block.code).render(context)


def test_the_template_in_the_guide_is_the_packages():
    [shown] = [
        block.code
        for block in blocks_of(GUIDES / "templates.md", "django")
        if "picture.missing_attributes" in block.code
    ]
    template = PROJECT / "src/django_polyimages/templates/polyimages/picture.html"
    assert shown.strip() == template.read_text().strip()


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["attaching", "organizations", "templates", "versions"])
def test_statements_run(page, product, acme, editor):
    image, *others = fake_images(acme, 3)
    photo_image = uploaded(acme)
    product.images.sync([photo_image, image, *others])
    statements = [block for block in blocks_of(GUIDES / f"{page}.md", "python") if not block.path]
    assert statements
    names = {
        "Image": Image, "Product": Product, "Contact": Contact, "Count": Count,
        "prefetch_images": prefetch_images, "product": product, "shop": acme, "user": editor,
        "image_1": image, "image_2": others[0], "image_3": others[1],
    }  # fmt: skip
    for block in statements:
        file = upload_of(photo())
        relation = product.images.attach(photo_image)
        with_versions = block.code.replace('"card"', '"thumb"')  # the example project's own
        exec(with_versions, names | {"file": file, "image": photo_image, "relation": relation})
        for queryset in _querysets(block):
            assert list(eval(queryset, names)) is not None


def _querysets(block: Block) -> list[str]:
    """What a block only names is evaluated too."""
    lines = [node for node in ast.parse(block.code).body if isinstance(node, ast.Expr)]
    expressions = [ast.unparse(node.value) for node in lines]
    return [one for one in expressions if one.startswith("Product.objects.")]


class TestUploading:
    """The view of the guide, with ids of files that were sent before and with a file."""

    PAGE = GUIDES / "uploading.md"

    @pytest.fixture
    def send(self, settings, editor) -> Any:
        names: dict[str, Any] = {}
        exec(block_of(self.PAGE, "catalog/uploads.py").code, names)
        page = block_of(self.PAGE, "catalog/templates/catalog/photos.html").code
        settings.TEMPLATES = [with_template("catalog/photos.html", page, settings)]

        def post(product, **data):
            request = RequestFactory().post("/", data)
            request.user = editor
            return names["add_photos"](request, pk=product.pk)

        return post

    @pytest.mark.django_db
    def test_the_view_attaches_what_was_sent_before(self, send, product, editor, acme):
        options = {"name": "door.jpg", "byte_size": len(photo()), "organization": acme}
        upload = PendingUpload.objects.begin(**options, creator=editor)
        get_original_storage().save(upload.key, upload_of(photo()))
        response = send(product, **{"photos-upload": [upload.pk], "photos": upload_of(photo())})
        assert response.status_code == 302
        titles = [relation.image.title for relation in product.images.all()]
        assert titles == [upload_of(photo()).name, "door.jpg"]

    @pytest.mark.django_db
    def test_the_view_says_what_is_wrong(self, send, product):
        response = send(product, **{"photos-upload": "nothing"})
        assert b"This upload does not exist" in response.content
        assert b'data-uploads-url="/api/v1/images/orgs/acme/uploads/"' in response.content
        assert b"polyimages/sending.js" in response.content

    def test_the_rule_for_the_bucket_is_one(self):
        [rule] = json.loads(blocks_of(self.PAGE, "json")[0].code)
        assert rule["AllowedMethods"] == ["PUT"]


class TestScaling:
    """The settings and the file for each engine pass the checks of the engine."""

    PAGE = DOCS / "scaling.md"

    def examples(self) -> list[str]:
        blocks = [block.code for block in blocks_of(self.PAGE, "python")]
        return [code for code in blocks if "POLYIMAGES" in code]

    def test_djangos_framework(self, tmp_path):
        # In a process of its own: the admin of this one would keep the models of the new app.
        [example] = [code for code in self.examples() if "TASKS" in code]
        told = told_by_check("tests.settings_default", example, folder=tmp_path)
        assert told == "System check identified no issues (1 silenced).\n"

    def test_celery(self, settings, monkeypatch):
        [example] = [code for code in self.examples() if "TASKS" not in code]
        names: dict[str, Any] = {}
        exec(example, names)
        shop, module = ModuleType("shop"), ModuleType("shop.celery")
        monkeypatch.setitem(sys.modules, "shop", shop)
        monkeypatch.setitem(sys.modules, "shop.celery", module)
        exec(block_of(self.PAGE, "shop/celery.py").code, module.__dict__)
        settings.CELERY_BROKER_URL = "memory://"
        settings.POLYIMAGES = names["POLYIMAGES"]
        assert check_task_engine() == []
        done: list[tuple[Any, ...]] = []
        monkeypatch.setattr("django_polyimages.tasks.run", lambda *call: done.append(call))
        settings.CELERY_TASK_ALWAYS_EAGER = True
        module.give("generate", "polyimages.Image", "1", "default")
        assert done == [("generate", "polyimages.Image", "1", "default")]


def with_template(name: str, source: str, settings: Any) -> dict[str, Any]:
    """The engine of the settings with one more template."""
    engine = settings.TEMPLATES[0] | {"APP_DIRS": False}
    loaders = [
        ("django.template.loaders.locmem.Loader", {name: source}),
        "django.template.loaders.app_directories.Loader",
    ]
    return engine | {"OPTIONS": engine["OPTIONS"] | {"loaders": loaders}}


class TestForms:
    PAGE = GUIDES / "forms.md"

    @pytest.fixture
    def update(self, monkeypatch, settings, editor) -> Any:
        """Sends what a browser would send to the view of the page."""
        for name in ("catalog.forms", "catalog.views"):
            module = ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            exec(block_of(self.PAGE, f"{name.replace('.', '/')}.py").code, module.__dict__)
        page = block_of(self.PAGE, "catalog/templates/catalog/product_form.html").code
        settings.TEMPLATES = [with_template("catalog/product_form.html", page, settings)]

        def send(product, **data):
            request = RequestFactory().post("/", data)
            request.user = editor
            return module.ProductUpdate.as_view()(request, pk=product.pk)

        return send

    def test_the_view_saves_and_uploads(self, update, product, editor):
        response = update(product, name="Vase", photos=[upload_of(photo()), upload_of(photo())])
        assert response.status_code == 302
        assert Product.objects.get().name == "Vase"
        assert {one.image.creator for one in product.images.all()} == {editor}
        assert product.images.count() == 2

    def test_the_view_names_the_file_that_is_refused(self, update, product):
        response = update(product, name="Vase", photos=[upload_of(b"text", "notes.jpg")])
        assert "notes.jpg: " in response.rendered_content
        assert "polyimages/upload.js" in response.rendered_content

    def test_the_view_locks_nothing_while_files_are_stored(self, update, product, monkeypatch):
        save, seen = Storage.save, []

        def put(storage, name, content, **options):
            seen.append("PUT")
            return save(storage, name, content, **options)

        def watch(execute, sql, *rest):
            if sql.startswith(f'UPDATE "{Product._meta.db_table}"'):
                seen.append("UPDATE")
            return execute(sql, *rest)

        monkeypatch.setattr(Storage, "save", put)
        with connection.execute_wrapper(watch):
            update(product, name="Vase", photos=[upload_of(photo()), upload_of(photo())])
        assert seen == ["PUT"] * 10 + ["UPDATE"]

    @pytest.mark.django_db(transaction=True)
    def test_the_view_keeps_nothing_where_the_storage_fails(self, update, product, monkeypatch):
        save, saved = Storage.save, []

        def fail_at_the_second(storage, name, content, **options):
            saved.append(name)
            if len({one[:20] for one in saved}) > 1:
                raise OSError("no route to host")
            return save(storage, name, content, **options)

        monkeypatch.setattr(Storage, "save", fail_at_the_second)
        response = update(product, name="Vase", photos=[upload_of(photo()), upload_of(photo())])
        assert "The storage is not responding" in response.rendered_content
        assert Product.objects.get().name == "Lamp"
        assert Image.objects.count() == 0
        assert stored_keys() == []

    def test_a_cover_is_shown_replaced_and_cleared(self, product, image, editor):
        names: dict[str, Any] = {}
        exec(block_of(self.PAGE, "catalog/cover.py").code, names)
        product.images.set_cover(image)

        def send(data, **files):
            form = names["CoverForm"](data, files, instance=product)
            form.save()
            form.save_cover(editor)

        assert image.versions["thumb"].url in str(names["CoverForm"](instance=product)["cover"])
        send({"name": "Lamp"})
        assert product.images.cover().image == image
        send({"name": "Lamp"}, cover=upload_of(photo(), "new.jpg"))
        assert product.images.cover().image.title == "new.jpg"
        send({"name": "Lamp", "cover-clear": "on"})
        assert [relation.image for relation in product.images.all()] == [image]


@pytest.mark.django_db
def test_an_admin_that_shows_the_images_of_ones_own_organizations(acme, other, editor, rf):
    [mine], [_theirs] = fake_images(acme, 1), fake_images(other, 1)
    with patch.dict(admin.site._registry):
        exec(block_of(GUIDES / "admin.md", "catalog/image_admin.py").code, {})
        images = admin.site.get_model_admin(Image)
    request = rf.get("/")
    request.user = editor
    assert list(images.get_queryset(request)) == [mine]
    field = images.formfield_for_dbfield(Image._meta.get_field("organization"), request)
    assert list(field.queryset) == [acme]


@pytest.mark.django_db
def test_the_policy(acme, other, editor):
    names: dict[str, Any] = {}
    exec(block_of(GUIDES / "organizations.md", "organizations/images.py").code, names)
    policy = names["Policy"]()
    assert policy.get_organization("acme") == acme
    assert (policy.is_member(editor, acme), policy.is_member(editor, other)) == (True, False)
    assert policy.may(editor, "delete", acme)
    editor.memberships.update(role="viewer")
    assert not policy.may(editor, "delete", acme)
    assert policy.may(editor, "view", acme)


@pytest.mark.django_db
def test_the_policy_of_a_site_whose_users_have_avatars(acme, editor):
    viewer = User.objects.create_user("viewer")
    names: dict[str, Any] = {}
    exec(block_of(GUIDES / "organizations.md", "blog/images.py").code, names)
    policy = names["Policy"]()
    own, others = uploaded(acme, creator=editor), uploaded(acme, creator=viewer)
    assert policy.is_member(editor, acme)
    assert policy.may(editor, "add", acme)
    for action, mine, theirs in (("view", own, others), ("attach", editor, viewer)):
        assert policy.may(editor, action, acme, mine) is True
        assert policy.may(editor, action, acme, theirs) is False
    assert policy.may(editor, "view", acme) is False  # the list of all images
    editor.is_staff = True
    assert policy.may(editor, "delete", acme, others)


@pytest.mark.parametrize(
    ("page", "count"),
    [(GUIDES / "storage.md", 5), (PROJECT / "README.md", 1)],
    ids=["guide", "README"],
)
def test_the_storages_pass_the_checks(page, count, settings):
    blocks = [block.code for block in blocks_of(page, "python")]
    examples = [code for code in blocks if "s3_storage(" in code]
    assert len(examples) == count
    names: dict[str, Any] = {}  # only the first block of a page has to be complete
    for code in examples:
        exec(code, names)
        settings.STORAGES = dict(names["STORAGES"])
        assert storages["polyimages"].bucket_name == "photos"
        settings.POLYIMAGES = settings.POLYIMAGES | names.get("POLYIMAGES", {})
        beside = {"default", "staticfiles", "polyimages"}
        assert set(names["STORAGES"]) - {"originals"} == beside
        assert [one for one in checks.run_checks() if one.id.startswith("polyimages")] == []


@pytest.mark.parametrize(
    ("what", "model", "beside"),
    [("image", AbstractImage, ()), ("relation", AbstractImageRelation, ("content_object",))],
)
def test_the_columns_are_those_of_the_models(what, model, beside):
    text = (DOCS / "reference" / "api.md").read_text()
    [columns] = re.findall(rf"^Columns of every {what}[^:]*:(.*?)\.$", text, re.M | re.S)
    found = {field.name for field in model._meta.get_fields()} - set(beside)
    assert set(re.findall(r"`(\w+)`", columns)) == found


def test_the_languages_are_those_that_come_with_the_package():
    [line] = re.findall("^Languages: .*", (GUIDES / "translations.md").read_text(), re.MULTILINE)
    folders = PROJECT.glob("src/django_polyimages/locale/*/")
    assert re.findall(r"`(\w+)`", line) == sorted(folder.name for folder in folders)


class TestSettings:
    ROWS = [
        [cell.strip(" `") for cell in line.strip("|").split(" | ")]
        for line in (DOCS / "reference" / "settings.md").read_text().splitlines()
        if line.startswith("| `")
    ]

    def test_the_table_has_every_option_in_the_order_of_the_code(self):
        assert [row[0] for row in self.ROWS] == [field.name.upper() for field in fields(Settings)]

    def test_the_table_has_the_defaults(self):
        written = {name: default for name, default, _text in self.ROWS if name != "VERSIONS"}
        found = {name: eval(default, {}) for name, default in written.items()}
        defaults = {name: getattr(Settings(), name.lower()) for name in written}
        assert found | {"FORMATS": tuple(found["FORMATS"])} == defaults

    def test_the_default_versions_are_those_of_the_guide(self):
        lines = (GUIDES / "versions.md").read_text().splitlines()
        rows = [line.replace("`", "").split(" | ") for line in lines if line.startswith("| `")]
        written = [
            VersionSpec(name.strip("| "), *map(int, box.split(" x ")), quality=int(quality))
            for name, box, quality, _key in (row for row in rows if len(row) == 4)
        ]
        assert written == list(DEFAULT_VERSIONS)

    def test_the_versions_of_the_guide_are_valid(self, settings):
        blocks = blocks_of(GUIDES / "versions.md", "python")
        found = []
        for block in (one for one in blocks if "VERSIONS" in one.code):
            names: dict[str, Any] = {}
            exec(block.code, names)
            settings.POLYIMAGES = settings.POLYIMAGES | names["POLYIMAGES"]
            found.append(get_settings().version_names)
            assert check_widths() == []
        sizes = ("thumb", "medium", "large")
        assert found == [(*sizes, "card"), (*sizes, *(f"{name}_avif" for name in sizes))]
