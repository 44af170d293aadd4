"""The rows and objects that ``rows.py`` measures, made by SQL, and how it calls the example."""

from __future__ import annotations

import example  # noqa: F401 (must come first: it sets up Django)

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from contacts.models import Contact
from django_polyimages.conf import get_settings
from django_polyimages.models import Image, PolymorphicImageRelation
from organizations.models import Membership, Organization
from tests.drawing import photo

OBJECTS, EACH, MANY, LIMIT = 100, 5, 200, 100
"""Objects with so many images each, one with many, and the images of a page."""
FIRST = OBJECTS * EACH + MANY
"""The rows that these objects need; smaller tables are measured without them."""
VERSION = "'{0}', jsonb_build_object('key', 'images/img_' || md5(n::text) || '_{0}.webp', 'width', {1}, 'height', {2}, 'bytes', 40000, 'digest', '{3}', 'media_type', 'image/webp')"
INSERT = """
INSERT INTO polyimages_image (file, file_name, title, alt_text, description, organization_id, creator_id,
    created_at, updated_at, width, height, byte_size, media_type, sha256, focal_x, focal_y,
    dominant_color, placeholder, versions, status, failure_reason, attempts)
SELECT 'images/img_' || md5(n::text) || '.jpg', 'photo.jpg', 'Photo ' || n, '', '', %(organization)s, %(creator)s,
    now() - interval '1 day' - n * interval '7 seconds', now(), 4032, 3024, 3000000, 'image/jpeg', md5(n::text) || md5(n::text), 0.5, 0.5,
    '#334455', 'data:image/webp;base64,' || repeat('A', 200), jsonb_build_object({versions}), 'ready', '', 0
FROM generate_series(%(first)s, %(last)s) AS n
"""
ATTACH = """
INSERT INTO polyimages_polymorphicimagerelation (content_type_id, object_id, image_id, is_cover,
    "order", custom_title, custom_alt_text, custom_description)
SELECT %s, (id / 5 + 1000000)::text, id, false, NULL, '', '', '' FROM polyimages_image
WHERE id > %s AND id %% 2 = 0
"""
API, LIST = "/api/v1/images/orgs/acme/", "/admin/polyimages/image/"


class Site:
    """Members, objects and images, and the calls that are measured."""

    def __init__(self) -> None:
        self.acme = Organization.objects.create(name="Acme", slug="acme")
        self.boss = User.objects.create_superuser("boss")
        Membership.objects.create(user=self.boss, organization=self.acme, role="editor")
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.client.force_login(self.boss)
        self.content = photo(400, 300)
        self.contacts = Contact.objects.bulk_create(
            Contact(organization=self.acme, name=f"Contact {number}")
            for number in range(OBJECTS + 2)
        )
        self.many, self.none = self.contacts[OBJECTS], self.contacts[OBJECTS + 1]
        self.kind = ContentType.objects.get_for_model(Contact).pk

    def grow(self, size: int) -> None:
        """Insert rows until there are so many; as soon as there are enough, objects get theirs."""
        specs = zip(get_settings().versions, (160, 640, 1024, 2048), strict=True)
        versions = ", ".join(
            VERSION.format(spec.name, width, width * 3 // 4, spec.digest) for spec, width in specs
        )
        before = Image.objects.count()
        values = {
            "organization": self.acme.pk,
            "creator": self.boss.pk,
            "first": before + 1,
            "last": size,
        }
        highest = Image.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        with connection.cursor() as cursor:
            cursor.execute(INSERT.format(versions=versions), values)
            if before < FIRST <= size:
                self.attach_first()
                highest = Image.objects.order_by("pk")[FIRST].pk
            if size > FIRST:
                cursor.execute(ATTACH, [self.kind, highest])
            for table in ("polyimages_image", "polyimages_polymorphicimagerelation"):
                cursor.execute(f"VACUUM ANALYZE {table}")

    def attach_first(self) -> None:
        images = iter(Image.objects.order_by("pk")[:FIRST])
        owners = [one for one in self.contacts[:OBJECTS] for _ in range(EACH)] + [self.many] * MANY
        PolymorphicImageRelation.objects.bulk_create(
            PolymorphicImageRelation(
                content_type_id=self.kind, object_id=str(owner.pk), image=next(images), order=number
            )
            for number, owner in enumerate(owners)
        )

    def get(self, url: str, **query: object) -> None:
        answer = self.client.get(url, query)
        assert answer.status_code == 200, (url, answer.status_code, answer.content[:500])

    def send(self, method: str, url: str, body: object, status: int = 200) -> None:
        call = getattr(self.client, method)
        answer = call(API + url, body, content_type="application/json")
        assert answer.status_code == status, (url, answer.status_code, answer.content[:500])

    def upload(self) -> None:
        file = SimpleUploadedFile("photo.jpg", self.content)
        answer = self.client.post(f"{API}images/", {"file": file})
        assert answer.json()["status"] == "ready", answer.content

    def attach(self, obj: Contact, image: Image) -> None:
        four = {
            "image_id": image.pk,
            "app_label": "contacts",
            "model": "contact",
            "object_id": obj.pk,
        }
        self.send("post", "attach/", four)
