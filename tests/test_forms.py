from __future__ import annotations

from uuid import UUID

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from django_polyimages.errors import UploadGone
from django_polyimages.forms import ImageUploadField, MultipleImageUploadField
from django_polyimages.models import Image, PendingUpload, ReceivedFile
from django_polyimages.pipeline.slots import slot
from django_polyimages.storage import get_original_storage
from tests.drawing import REFUSED, photo, upload_of
from tests.helpers import decodes, storage_calls, stored_keys
from tests.sending import INCOMING, begin, send

pytestmark = pytest.mark.django_db


class PhotoForm(forms.Form):
    photo = ImageUploadField(required=False)


class PhotosForm(forms.Form):
    photos = MultipleImageUploadField()


class ContactForm(forms.Form):
    name = forms.CharField()
    photo = ImageUploadField(required=False)


def photo_form(content: bytes | None = None, name: str = "photo.jpg", **options) -> PhotoForm:
    files = {} if content is None else {"photo": upload_of(content, name)}
    return PhotoForm({}, files, **options)


def photos_form(*contents: bytes) -> PhotosForm:
    files = [upload_of(content, f"{number}.jpg") for number, content in enumerate(contents)]
    return PhotosForm({}, MultiValueDict({"photos": files}))


class TestImageUploadField:
    def test_gives_the_file_to_be_attached(self, contact):
        content = photo(orientation=6)
        form = photo_form(content)
        assert form.is_valid()
        relation = contact.images.set_cover(
            Image.objects.upload(form.cleaned_data["photo"], organization=contact.organization)
        )
        with relation.image.file.open() as file:
            assert file.read() == content

    def test_decodes_a_file_that_is_attached_once(self, contact, monkeypatch):
        with decodes(monkeypatch) as calls:
            form = photo_form(photo())
            assert form.is_valid()
            contact.images.attach(form.cleaned_data["photo"])
        assert len(calls) == 1

    def test_says_so_if_other_images_take_too_long(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_WAIT": 1}
        with slot("hostile", 1), slot("hostile", 1):
            form = photo_form(photo())
            assert form.errors.as_data()["photo"][0].code == "busy"

    def test_gives_the_file_as_it_came(self):
        form = photo_form(photo())
        assert form.is_valid()
        assert form.cleaned_data["photo"].read() == photo()

    @pytest.mark.parametrize("case", REFUSED)
    def test_refuses_what_an_upload_refuses_in_the_same_words(self, case, acme):
        name, content, code = REFUSED[case]
        form = photo_form(content, name)
        assert not form.is_valid()
        [error] = form.errors.as_data()["photo"]
        assert error.code == code
        with pytest.raises(ValueError) as caught:  # noqa: PT011 (its text is what is compared)
            Image.objects.upload(upload_of(content, name), organization=acme)
        assert form.errors["photo"] == [f"{name}: {caught.value}"]

    def test_stores_nothing(self):
        assert photo_form(photo()).is_valid()
        assert stored_keys() == []

    def test_may_be_left_out(self):
        form = photo_form()
        assert form.is_valid()
        assert form.cleaned_data["photo"] is None

    def test_required_says_so(self):
        assert PhotosForm({}, MultiValueDict()).errors["photos"] == ["This field is required."]

    def test_shows_the_image_that_is_there(self, image, monkeypatch, contact):
        relation = contact.images.attach(image, custom_alt_text="Front")
        form = PhotoForm(initial={"photo": relation})
        with storage_calls(monkeypatch) as calls:
            html = str(form["photo"])
        assert image.versions["thumb"].url in html
        assert 'alt="Front"' in html
        assert 'name="photo-clear"' in html
        assert calls == []

    def test_keeps_the_image_that_is_there_or_clears_it(self, image):
        form = photo_form(initial={"photo": image})
        assert form.is_valid()
        assert (form.cleaned_data["photo"], form.changed_data) == (image, [])
        form = PhotoForm({"photo-clear": "on"}, {}, initial={"photo": image})
        assert form.is_valid()
        assert form.cleaned_data["photo"] is False

    def test_tells_the_browser_what_is_allowed(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"FORMATS": ["JPEG", "AVIF"], "MAX_BYTES": 2048}
        html = str(PhotoForm()["photo"])
        assert 'accept="image/jpeg,image/avif"' in html
        assert 'data-max-bytes="2048"' in html
        assert "polyimages/upload.js" in str(PhotoForm().media)


class TestFormsThatAreShownAgain:
    def test_name_the_file_whichever_field_has_the_error(self):
        form = ContactForm({"name": ""}, {"photo": upload_of(photo(), "<b>.jpg")})
        assert list(form.errors) == ["name"]
        assert "please choose again: &lt;b&gt;.jpg" in " ".join(str(form["photo"]).split())

    @pytest.mark.parametrize(
        "form", [ContactForm(), ContactForm({"name": ""}), PhotosForm(), PhotosForm({})]
    )
    def test_say_nothing_where_no_file_was_sent(self, form):
        assert "choose again" not in str(form)

    def test_say_nothing_of_the_picture_that_is_there(self, contact, image):
        form = ContactForm(initial={"photo": contact.images.attach(image)})
        assert "choose again" not in str(form)


class TestMultipleImageUploadField:
    def test_gives_all_files(self):
        form = photos_form(photo(), photo(200, 100))
        assert form.is_valid()
        assert [file.name for file in form.cleaned_data["photos"]] == ["0.jpg", "1.jpg"]

    def test_takes_a_dict_of_files_as_fields_of_django_do(self):
        """As a test of a host writes it, without a request."""
        form = PhotosForm({}, {"photos": [upload_of(photo(), "1.jpg")]})
        assert [file.name for file in form.fields["photos"].clean(form["photos"].data)] == ["1.jpg"]
        assert form.is_valid()
        assert not PhotosForm({}, {}).is_valid()

    def test_names_every_file_that_is_refused(self):
        form = photos_form(photo(), b"", photo()[:300])
        assert form.errors["photos"] == [
            "1.jpg: The file is empty.",
            "2.jpg: The image is damaged or incomplete and cannot be read.",
        ]

    def test_names_the_file_in_each_error_of_a_validator_of_the_host(self):
        def complain(_file):
            raise ValidationError(
                ["Too dark.", ValidationError("Too %(much)s.", "red", {"much": "red"})]
            )

        for field in (ImageUploadField, MultipleImageUploadField):
            with pytest.raises(ValidationError) as caught:
                file = upload_of(photo(), "a.jpg")
                field(validators=[complain]).clean(
                    [file] if field is MultipleImageUploadField else file
                )
            assert caught.value.messages == ["a.jpg: Too dark.", "a.jpg: Too red."]
            assert [one.code for one in caught.value.error_list] == [None, "red"]

    def test_names_the_good_files_too_which_a_browser_loses(self):
        """Nothing of the form was stored, so "0.jpg" must be chosen again."""
        html = str(photos_form(photo(), b"", photo(40, 30))["photos"])
        assert "please choose again: 0.jpg, 1.jpg, 2.jpg" in " ".join(html.split())

    def test_takes_so_many_and_no_more(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 2}
        assert photos_form(photo(), photo()).is_valid()
        form = photos_form(photo(), photo(), photo())
        assert form.errors["photos"] == ["Too many files: 3; the maximum is 2."]

    def test_is_a_field_for_several_files(self):
        html = str(PhotosForm()["photos"])
        assert " multiple" in html
        assert 'data-max-files="50"' in html


def test_a_damaged_file_never_reaches_the_storage(monkeypatch):
    monkeypatch.setattr(Storage, "save", lambda *args, **kwargs: pytest.fail("stored"))
    assert not photo_form(photo(800, 600)[:-2000]).is_valid()


def test_a_form_has_changed_once_a_file_was_sent():
    assert not photos_form().has_changed()
    assert photos_form(photo()).has_changed()


class TestReceivedUploads:
    """Hidden inputs hold the ids of files that were sent before the form."""

    @pytest.fixture
    def send(self, editor):
        def begin_and_send(content: bytes, name: str = "door.jpg", *, sent: bool = True) -> str:
            begin = PendingUpload.objects.begin
            upload = begin(name=name, byte_size=len(content), creator=editor)
            if sent:
                get_original_storage().save(upload.key, ContentFile(content))
            return str(upload.pk)

        return begin_and_send

    def test_gives_the_file_to_be_attached(self, send, contact):
        form = PhotoForm({"photo-upload": send(photo())}, {})
        assert form.is_valid()
        assert form.has_changed()
        image = contact.images.attach(form.cleaned_data["photo"]).image
        assert image.title == "door.jpg"
        with image.file.open() as file:
            assert file.read() == photo()
        assert PendingUpload.objects.get().state == "used"

    def test_several_and_a_file_too(self, send, contact):
        ids = [send(photo(), "one.jpg"), send(photo(), "two.jpg")]
        data = QueryDict(mutable=True)
        data.setlist("photos-upload", ids)
        form = PhotosForm(data, MultiValueDict({"photos": [upload_of(photo(), "three.jpg")]}))
        assert form.is_valid()
        names = [file.name for file in form.cleaned_data["photos"]]
        assert names == ["three.jpg", "one.jpg", "two.jpg"]

    def test_an_id_that_is_sent_twice_is_one_file(self, send):
        form = PhotosForm({"photos-upload": [send(photo())] * 2}, {})
        assert form.is_valid()
        assert len(form.cleaned_data["photos"]) == 1

    def test_are_in_the_form_again_if_another_field_has_an_error(self, send):
        key = send(photo())
        form = ContactForm({"photo-upload": key}, {})
        assert not form.is_valid()
        assert f'<input type="hidden" name="photo-upload" value="{key}">' in str(form)
        assert "choose again" not in str(form)

    def test_are_listed_by_name_where_files_are_sent_at_once(self, send):
        form = ContactForm({"photo-upload": send(photo(), "a <b>.jpg")}, {})
        form.fields["photo"].widget.uploads_url = "/uploads/"
        assert "a &lt;b&gt;.jpg" in str(form)
        assert "sending.js" in str(form.media)

    @pytest.mark.parametrize("key", ["", "x", "\x00", str(UUID(int=7))])
    def test_says_so_if_there_is_none(self, key):
        form = PhotoForm({"photo-upload": key}, {})
        [error] = form.errors.as_data()["photo"]
        assert error.code == "upload_gone"
        assert f'value="{key}"' not in str(form)

    def test_says_so_if_nothing_was_sent(self, send):
        form = PhotoForm({"photo-upload": send(photo(), sent=False)}, {})
        [error] = form.errors.as_data()["photo"]
        assert error.code == "not_sent"

    def test_a_file_that_is_none_is_named(self, send):
        form = PhotoForm({"photo-upload": send(b"text" * 100, "notes.jpg")}, {})
        assert "notes.jpg: " in form.errors["photo"][0]

    def test_no_more_than_the_limit(self, send, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 1}
        form = PhotosForm({"photos-upload": [send(photo()), send(photo())]}, {})
        [error] = form.errors.as_data()["photos"]
        assert error.code == "too_many_files"

    def test_an_upload_of_another_organization_is_refused(self, contact, other):
        begin = PendingUpload.objects.begin
        upload = begin(name="a.jpg", byte_size=len(photo()), organization=other)
        get_original_storage().save(upload.key, ContentFile(photo()))
        form = PhotoForm({"photo-upload": str(upload.pk)}, {})
        assert form.is_valid()
        with pytest.raises(UploadGone):
            contact.images.attach(form.cleaned_data["photo"])

    def test_a_required_field_does_not_ask_for_a_file_that_was_sent(self):
        form = PhotosForm()
        assert " required" in str(form)
        form.fields["photos"].widget.uploads_url = "/uploads/"
        assert " required" not in str(form)


class TestAFileThatWasSentBefore:
    """``PendingUpload.objects.received()`` in place of a file."""

    def clean(self, content: bytes) -> ReceivedFile:
        upload = send(begin(content), content)
        return ImageUploadField().clean(PendingUpload.objects.received(upload.pk))

    def test_is_checked_and_attached_with_one_decode_and_one_read(self, contact, monkeypatch):
        read = []
        real = InMemoryStorage._open
        monkeypatch.setattr(InMemoryStorage, "_open", lambda *a: read.append(a) or real(*a))
        with decodes(monkeypatch) as calls:
            contact.images.attach(self.clean(photo()))
        assert (len(calls), len(read)) == (1, 1)
        assert PendingUpload.objects.get().state == "used"

    def test_that_is_refused_is_deleted(self):
        with pytest.raises(ValidationError, match=r"photo\.jpg: This is a web page") as error:
            self.clean(b"<!doctype html><title>No image</title>")
        assert error.value.error_list[0].code == "not_an_image"
        assert not PendingUpload.objects.exists()
        assert stored_keys(folder=INCOMING) == []

    def test_that_the_storage_does_not_give_stays(self, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "_open", lambda *args: 1 / 0)
        with pytest.raises(ValidationError) as error:
            self.clean(photo())
        assert error.value.error_list[0].code == "storage_unavailable"
        assert PendingUpload.objects.get().state == "waiting"

    def test_that_is_not_there_is_an_error_of_the_field(self):
        upload = begin(photo())
        with pytest.raises(ValidationError) as error:
            MultipleImageUploadField().clean([PendingUpload.objects.received(upload.pk)])
        assert error.value.error_list[0].code == "not_sent"
        assert PendingUpload.objects.get() == upload
