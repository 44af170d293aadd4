"""A host with an image model of its own, in a process of its own: settings shape the models."""

from __future__ import annotations

from tests.test_migrations import run

ADMIN = """
import django
django.setup()
from django.contrib.admin import site
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment
from django_polyimages.models import Image
from tests.drawing import photo, upload_of
from tests.own_images.models import Photo
setup_test_environment()
call_command("migrate", run_syncdb=True, verbosity=0)
call_command("check")
assert not site.is_registered(Image)
group = Group.objects.create(name="Acme")
client = Client()
client.force_login(User.objects.create_superuser("root"))
pages = "/admin/own_images/photo/"

html = client.get(pages + "add/").content.decode()
assert 'name="photographer"' in html and 'name="topics"' in html
assert 'name="checked"' not in html and 'name="focal_x"' not in html
data = {"upload": upload_of(photo()), "organization": group.pk}
assert "photographer" in client.post(pages + "add/", data).context["adminform"].form.errors
data |= {"upload": upload_of(photo()), "photographer": "Ada", "topics": [group.pk]}
assert client.post(pages + "add/", data).status_code == 302
image = Photo.objects.get()
assert (image.photographer, image.title, image.status) == ("Ada", "photo.jpg", "ready")
assert image.topics.get() == group

change = f"{pages}{image.pk}/change/"
assert image.sha256 in client.get(change).content.decode()
centre = {"focal_x": 0.5, "focal_y": 0.5}
assert client.post(change, centre | {"photographer": "Bob"}).status_code == 302
before, image = image, Photo.objects.get()
assert (image.photographer, image.topics.count()) == ("Bob", 0)
assert image.checked > before.checked

assert image.versions["thumb"].url in client.get(pages).content.decode()
assert client.get(pages + "library/").json()["images"][0]["id"] == str(image.pk)
answer = client.post(f"{pages}{image.pk}/regenerate/", headers={"Accept": "application/json"})
assert (answer.json()["made"], answer.json()["url"]) == ([], change)
action = {"action": "make_versions_again", "_selected_action": image.pk}
assert "1 image again?" in client.post(pages, action).content.decode()
assert client.post(f"{pages}{image.pk}/delete/", {"post": "yes"}).status_code == 302
assert not Photo.objects.exists()
print("done")
"""


def test_its_fields_are_in_the_forms_and_everything_works():
    assert "done" in run("tests.settings_own", "-c", ADMIN)
