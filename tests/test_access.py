"""What a host's own view may ask, without any HTTP."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import connection
from django.db.models import ObjectDoesNotExist, Q
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from django_polyimages.access import Access, get_access
from django_polyimages.errors import NotFound
from django_polyimages.models import Image
from organizations.images import Policy
from organizations.models import Membership, Organization
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


@pytest.fixture
def access(editor) -> Access:
    return get_access(editor, "acme")


@pytest.fixture
def foreign(other) -> Image:
    return fake_images(other, 1)[0]


class TestKeys:
    @pytest.mark.parametrize(
        ("app_label", "model", "key", "can"),
        [
            ("contacts", "contact", "5", True), ("contacts", "contact", "5/reorder", False),
            ("contacts", "contact", "05", False), ("catalog", "product", "x", False),
            ("sessions", "session", "a/b", False), ("nowhere", "none", "5", False),
        ],
    )  # fmt: skip
    def test_a_model_can_have_keys_of_its_type(self, access, app_label, model, key, can):
        assert access.can_have(app_label, model, key) is can


class TestEntering:
    def test_a_member_enters(self, editor, acme):
        access = get_access(editor, "acme")
        assert (access.user, access.organization) == (editor, acme)

    @pytest.mark.parametrize("slug", ["nowhere", "ACME", "acme\x00", "\ud800", ""])
    def test_an_unknown_organization_is_not_found(self, editor, slug):
        with pytest.raises(NotFound, match=r"^Not found\.$"):
            get_access(editor, slug)

    def test_a_stranger_is_refused(self, acme):
        with pytest.raises(PermissionDenied, match="not a member"):
            get_access(User.objects.create_user("stranger"), "acme")

    @pytest.mark.parametrize("slug", ["acme", "nowhere"])
    def test_nobody_learns_what_exists_before_logging_in(self, acme, editor, slug):
        editor.is_active = False
        for nobody in (AnonymousUser(), editor):
            with pytest.raises(PermissionDenied, match="Log in first"):
                get_access(nobody, slug)


async def a_coroutine(*_asked):
    return False


NOT_A_YES = {
    "a coroutine function's answer": lambda *asked: a_coroutine(*asked),
    "a method without its parentheses": lambda *_asked: Membership.objects.none().exists,
    "a tuple": lambda *_asked: (False, "you are not welcome"),
    "a generator": lambda *_asked: (member for member in ()),
    "a condition": lambda *_asked: Q(pk=1),
    "a queryset": lambda *_asked: Membership.objects.all(),
    "a text": lambda *_asked: "False",
    "a number": lambda *_asked: 1,
    "nothing": lambda *_asked: None,
}


@pytest.mark.parametrize("answer", NOT_A_YES)
class TestAnAnswerThatIsNoBool:
    """Each but the last is true to Python."""

    pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")

    def test_lets_nobody_in(self, editor, acme, monkeypatch, answer):
        monkeypatch.setattr(Policy, "is_member", NOT_A_YES[answer])
        with pytest.raises(TypeError, match="must return True or False"):
            get_access(editor, "acme")

    def test_allows_nothing(self, access, monkeypatch, answer):
        monkeypatch.setattr(Policy, "may", NOT_A_YES[answer])
        with pytest.raises(TypeError, match="must return True or False"):
            access.require("delete")


class TestPermission:
    def test_the_policy_decides(self, access, editor):
        access.require("add")
        Membership.objects.update(role="viewer")
        viewer = get_access(editor, "acme")
        viewer.require("view")
        with pytest.raises(PermissionDenied, match="You do not have permission to do this"):
            viewer.require("add")


class TestImages:
    def test_are_those_of_the_organization(self, access, acme, foreign):
        [mine] = fake_images(acme, 1)
        assert list(access.images()) == [mine]
        assert access.image(mine.pk) == access.image(str(mine.pk)) == mine

    @pytest.mark.parametrize("spelled", ["0{}", "+{}", " {}", "１", "x", "", 999_999, True, None])
    def test_any_other_id_is_not_found(self, access, image, spelled):
        if isinstance(spelled, str):
            spelled = spelled.format(image.pk)
        with pytest.raises(NotFound):
            access.image(spelled)

    @pytest.mark.skipif(
        not connection.features.has_select_for_update, reason="SQLite locks the whole database"
    )
    def test_one_that_is_to_be_changed_is_locked(self, access, image):
        with CaptureQueriesContext(connection) as queries:
            access.image(image.pk, for_update=True)
        assert [query["sql"].endswith("FOR UPDATE") for query in queries] == [True]

    def test_of_another_organization_are_not_found_in_the_same_words(self, access, foreign):
        with pytest.raises(NotFound) as theirs:
            access.image(foreign.pk)
        with pytest.raises(NotFound) as missing:
            access.image(999_999)
        assert str(theirs.value) == str(missing.value)

    def test_some_come_in_the_order_of_their_ids_and_once(self, access, acme, foreign):
        first, second = fake_images(acme, 2)
        ids = [second.pk, foreign.pk, "x", str(first.pk), second.pk]
        assert access.some_images(ids) == [second, first]

    def test_all_or_none_and_those_that_are_missing_are_named(self, access, acme, foreign):
        first, second = fake_images(acme, 2)
        assert access.all_images([second.pk, first.pk]) == [second, first]
        with pytest.raises(NotFound) as error:
            access.all_images([first.pk, foreign.pk, "x"])
        assert error.value.image_ids == [foreign.pk, "x"]
        assert str(error.value) == f'Not found: images {foreign.pk}, "x".'


class TestObjects:
    def test_of_the_organization_are_targets(self, access, contact, product):
        assert access.target("contacts", "contact", contact.pk) == contact
        assert access.target("catalog", "product", str(product.pk)) == product

    @pytest.mark.parametrize(
        ("app_label", "model"), [("auth", "user"), ("contacts", "nothing"), ("contacts", "Contact")]
    )
    def test_of_other_models_are_not_found(self, access, contact, app_label, model):
        with pytest.raises(NotFound):
            access.target(app_label, model, contact.pk)

    def test_of_other_organizations_are_not_found(self, access, other):
        theirs = Contact.objects.create(organization=other, name="x")
        with pytest.raises(NotFound):
            access.target("contacts", "contact", theirs.pk)

    def test_of_a_model_without_a_path_are_none(self, access, contact):
        assert contact in access.objects(Contact)
        assert not access.objects(Organization).exists()

    def test_show_the_images_of_their_organization_only(self, access, acme, contact, foreign):
        [mine] = fake_images(acme, 1)
        contact.images.attach_many([foreign, mine], allow_foreign=True)
        assert [relation.image for relation in access.relations(contact)] == [mine]


class TestWhatGoesMeanwhile:
    def test_an_object_is_not_found(self, access, contact, image):
        with pytest.raises(NotFound, match=r"^Not found\.$"), access.expecting(contact, [image]):
            Contact.objects.all().delete()
            contact.images.attach(image)

    def test_images_are_named(self, access, acme, contact):
        kept, gone = fake_images(acme, 2)
        names = rf"images {gone.pk}\.$"
        with pytest.raises(NotFound, match=names), access.expecting(contact, [kept, gone]):
            Image.objects.filter(pk=gone.pk).delete()
            Image.objects.get(pk=gone.pk)

    def test_what_never_was_there_is_the_host_s_own_error(self, access, contact, image):
        with pytest.raises(ObjectDoesNotExist), access.expecting(contact, [image]):
            Organization.objects.get(pk=999_999)

    def test_another_error_passes(self, access, contact, image):
        with pytest.raises(ImproperlyConfigured), access.expecting(contact, [image]):
            raise ImproperlyConfigured


def test_django_answers_404_for_what_a_view_does_not_catch():
    assert issubclass(NotFound, Http404)


def test_a_long_list_of_unknown_images_is_cut():
    message = str(NotFound(["x" * 100, *range(100)]))
    assert len(message) < 200
    assert message.endswith("18.")
