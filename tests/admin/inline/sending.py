"""The images of a contact in the admin, as the browser sends them with and without scripts."""

from __future__ import annotations

import re

from django.test import Client

from contacts.models import Contact

PREFIX = "polyimages-polymorphicimagerelation-content_type-object_id"


def url_of(contact: Contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


def form_of(contact: Contact, *new: dict, changes: dict | None = None, **fields) -> dict:
    """What the browser would send: what there is, ``changes`` by image, ``new`` rows."""
    relations = list(contact.images.all()) if contact.pk else []
    data = {
        "organization": contact.organization_id,
        "name": contact.name,
        f"{PREFIX}-TOTAL_FORMS": len(relations) + len(new),
        f"{PREFIX}-INITIAL_FORMS": len(relations),
    }
    for number, relation in enumerate(relations):
        row = {
            "id": relation.pk,
            "order": "" if relation.order is None else relation.order,
            "custom_alt_text": relation.custom_alt_text,
        }
        row |= {"is_cover": "on"} if relation.is_cover else {}
        row |= (changes or {}).get(relation.image, {})
        data |= {f"{PREFIX}-{number}-{name}": value for name, value in row.items()}
    for number, row in enumerate(new, len(relations)):
        data |= {f"{PREFIX}-{number}-{name}": value for name, value in row.items()}
    return data | {f"{PREFIX}-{name}": value for name, value in fields.items()}


def save(client: Client, contact: Contact, *new, changes=None, **fields):
    return client.post(url_of(contact), form_of(contact, *new, changes=changes, **fields))


def errors_of(response) -> str:
    assert response.status_code == 200
    return re.sub(r"<[^>]+>|\s+", " ", response.content.decode())
