"""What other rows do not allow is a 409: images in use, duplicates."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.db.models import PROTECT, RESTRICT, ProtectedError
from django.test.utils import isolate_apps

from contacts.models import Contact
from django_polyimages.access import get_access
from django_polyimages.api.conflicts import InUse, naming_uses, paths_to_images
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.images import Policy
from tests.api.calls import bulk_upload, get, patch, post, send, upload
from tests.builders import fake_images
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys


@pytest.fixture(params=[PROTECT, RESTRICT])
def protecting(request, monkeypatch) -> None:
    """Relations stand for a model of the host that protects the images which it refers to."""
    monkeypatch.setattr(Relation._meta.get_field("image").remote_field, "on_delete", request.param)


@pytest.fixture
def named(monkeypatch) -> None:
    """The model says how its objects belong to an organization; each is called by its title."""
    path = "image__organization"
    monkeypatch.setattr(Relation, "image_organization_path", path, raising=False)
    monkeypatch.setattr(Relation, "__str__", lambda self: self.custom_title)


@pytest.mark.django_db
@pytest.mark.usefixtures("protecting")
class TestInUse:
    def test_an_image_that_is_protected_is_not_deleted(self, client, image, contact):
        contact.images.attach(image)
        files = stored_keys()
        response = send(client, "DELETE", f"images/{image.pk}/", None)
        assert (response.status_code, response.json()) == (
            409,
            {
                "detail": f"Nothing was deleted because image {image.pk} is in use: 1 image use.",
                "code": "in_use",
            },
        )
        assert get(client, f"images/{image.pk}/").status_code == 200
        assert (stored_keys(), FileDeletion.objects.count()) == (files, 0)

    def test_of_many_none_is_deleted_and_those_in_use_are_named(self, client, acme, contact):
        first, loose, second = fake_images(acme, 3)
        contact.images.attach_many([first, second])
        response = post(client, "bulk-delete/", {"ids": [loose.pk, second.pk, first.pk]})
        assert response.status_code == 409
        assert response.json()["detail"] == (
            f"Nothing was deleted because images {second.pk}, {first.pk} are in use: 2 image uses."
        )
        assert Image.objects.count() == 3
        assert not FileDeletion.objects.exists()

    @pytest.mark.usefixtures("named")
    def test_the_organization_s_objects_are_named_and_many_only_counted(self, client, acme, image):
        for number in range(7):
            Contact.objects.create(organization=acme, name="x").images.attach(
                image, custom_title=f"Page {number}"
            )
        detail = send(client, "DELETE", f"images/{image.pk}/", None).json()["detail"]
        assert detail.endswith("in use: 7 image uses (Page 0, Page 1, Page 2, Page 3, Page 4).")

    @pytest.mark.usefixtures("named")
    def test_what_the_policy_hides_is_only_counted(self, client, image, contact, monkeypatch):
        contact.images.attach(image, custom_title="Secret")
        monkeypatch.setattr(
            Policy, "may", lambda self, user, action, organization, obj: action == "delete"
        )
        detail = send(client, "DELETE", f"images/{image.pk}/", None).json()["detail"]
        assert detail.endswith("in use: 1 image use.")


@pytest.mark.django_db
def test_objects_of_other_organizations_are_only_counted(editor, contact, other, image):
    theirs = Contact.objects.create(organization=other, name="Theirs")
    uses = r"in use: 2 contacts \(Ada\)\.$"
    with pytest.raises(InUse, match=uses), naming_uses(get_access(editor, "acme"), [image]):
        raise ProtectedError("", {contact, theirs})


@isolate_apps("contacts")
def test_images_are_found_behind_what_their_deletion_takes_along():
    class Highlight(models.Model):
        relation = models.ForeignKey(Relation, on_delete=models.PROTECT, related_name="+")
        cover = models.ForeignKey(Image, on_delete=models.RESTRICT, related_name="+")
        icon = models.ForeignKey(Image, null=True, on_delete=models.SET_NULL, related_name="+")
        contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")

        class Meta:
            app_label = "contacts"

    assert list(paths_to_images(Highlight)) == ["relation__image__pk", "cover__pk"]


@pytest.fixture
def unique_titles(transactional_db):
    """The database takes each title once, as a host's own image model may demand."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX one_title ON polyimages_image (title)")
    yield
    table = " ON polyimages_image" if connection.vendor == "mysql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX one_title{table}")


@pytest.fixture(params=[False, True], ids=["autocommit", "atomic requests"])
def atomic_requests(request, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", request.param)


@pytest.mark.usefixtures("unique_titles", "atomic_requests")
class TestDuplicates:
    DETAIL = "Duplicate: this violates a unique constraint of the database."

    def test_an_upload_is_refused_and_leaves_no_file(self, client, acme):
        upload(client, title="Door")
        files = stored_keys()
        response = upload(client, title="Door")
        assert (response.status_code, response.json()) == (
            409,
            {"detail": self.DETAIL, "code": "duplicate"},
        )
        assert stored_keys() == files

    def test_a_change_is_refused(self, client, acme):
        first, second = fake_images(acme, 2)
        response = patch(client, f"images/{second.pk}/", {"title": first.title})
        assert (response.status_code, response.json()) == (
            409,
            {"detail": self.DETAIL, "code": "duplicate"},
        )
        assert Image.objects.get(pk=second.pk).title == second.title

    def test_of_many_files_only_the_duplicate_is_refused(self, client, acme):
        files = [upload_of(photo(), name) for name in ("a.jpg", "a.jpg", "b.jpg")]
        results = bulk_upload(client, *files).json()
        assert [result["status"] for result in results] == ["success", "error", "success"]
        assert results[1] == {
            "status": "error", "error": self.DETAIL, "file": "a.jpg", "code": "duplicate",
        }  # fmt: skip
        assert Image.objects.count() == 2
        assert len(stored_keys()) == 10

    def test_the_log_tells_the_developer_which(self, client, acme, caplog):
        first, second = fake_images(acme, 2)
        patch(client, f"images/{second.pk}/", {"title": first.title})
        assert "one_title" in caplog.text or "title" in caplog.text
        assert "IntegrityError" in caplog.text
