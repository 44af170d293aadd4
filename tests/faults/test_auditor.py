"""Each invariant is broken behind the package's back, and the auditor names it."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection

from django_polyimages.models import Image
from tests.builders import uploaded
from tests.drawing import photo

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def image(stored_in_bucket, acme) -> Image:
    return uploaded(acme, 900, 600)


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def kinds(found: list[str]) -> set[str]:
    return {line[:2] for line in found}


def test_what_is_sound_is_not_complained_about(image, auditor, contact):
    contact.images.attach(image, is_cover=True)
    sent = hashlib.sha256(photo(900, 600)).hexdigest()
    state = auditor.look()
    assert len(state.objects) == 5
    assert auditor.broken(state, answered={str(image.pk): sent}, before=state, repaired=True) == []


def test_an_original_that_is_gone_or_changed(image, auditor, client_of_auditor, bucket):
    sent = {str(image.pk): image.sha256}
    content = auditor.read(image.key)
    for body in (content[:-1], content[:-1] + b"x"):
        client_of_auditor.put_object(Bucket=bucket, Key=image.key, Body=body)
        auditor._seen.clear()
        assert kinds(auditor.broken(auditor.look(), answered=sent)) == {"I1", "I2"}
    client_of_auditor.delete_object(Bucket=bucket, Key=image.key)
    assert kinds(auditor.broken(auditor.look(), answered=sent)) == {"I1", "I2", "I6"}


def test_an_answer_that_is_not_kept(image, auditor):
    state = auditor.look()
    answers = {"0": image.sha256, str(image.pk): "another"}
    assert len(auditor.broken(state, answered=answers)) == 2
    assert kinds(auditor.broken(state, deleted=[str(image.pk)])) == {"I2"}


def test_files_that_a_row_has_given_up(image, auditor):
    before = auditor.look()
    sql("DELETE FROM polyimages_image")
    state = auditor.look()
    assert len(auditor.broken(state, before=before)) == 5
    assert kinds(auditor.broken(state, before=before)) == {"I3"}
    assert auditor.broken(state) == []  # as a killed upload leaves it
    assert kinds(auditor.broken(state, repaired=True)) == {"I3"}


def test_files_that_are_noted_are_for_the_repair(image, auditor):
    before = auditor.look()
    image.delete()  # in the test's transaction, which does not commit
    state = auditor.look()
    assert auditor.broken(state, before=before) == []
    assert kinds(auditor.broken(state, before=before, repaired=True)) == {"I3"}


def test_versions_that_are_missing_damaged_or_of_the_wrong_size(
    image, auditor, client_of_auditor, bucket
):
    thumb, small = image.versions["thumb"], image.versions["sm"]
    large = auditor.read(image.versions["lg"].key)
    client_of_auditor.put_object(Bucket=bucket, Key=thumb.key, Body=large)
    client_of_auditor.put_object(Bucket=bucket, Key=small.key, Body=b"x" * small.byte_size)
    found = auditor.broken(auditor.look(), repaired=True)
    assert kinds(found) == {"I4"}
    assert {line.split(":")[0] for line in found} == {f"I4 {thumb.key}", f"I4 {small.key}"}
    client_of_auditor.delete_object(Bucket=bucket, Key=thumb.key)
    assert kinds(auditor.broken(auditor.look())) == {"I6"}


def test_a_key_that_is_written_twice(image, auditor, client_of_auditor, bucket):
    before = auditor.look()
    key = image.versions["thumb"].key
    client_of_auditor.put_object(Bucket=bucket, Key=key, Body=auditor.read(key)[::-1])
    assert kinds(auditor.broken(auditor.look(), before=before)) == {"I6"}


def test_rows_that_say_more_than_is_true(image, auditor):
    without = {name: one for name, one in image.versions.items() if name != "lg"}
    Image.objects.update(versions=without)
    assert kinds(auditor.broken(auditor.look())) == {"I7"}
    Image.objects.update(status="pending")
    assert auditor.broken(auditor.look()) == []
    assert "I4" in kinds(auditor.broken(auditor.look(), repaired=True))


def test_recorded_sizes_that_are_not_those_of_the_promise(image, auditor):
    auditor.boxes = auditor.boxes | {"thumb": (200, 200)}
    assert kinds(auditor.broken(auditor.look(), repaired=True)) == {"I4"}


def test_relations_to_nothing(image, auditor, contact, product):
    contact.images.attach(image)
    product.images.attach(image)
    assert auditor.broken(auditor.look(), repaired=True) == []
    sql("DELETE FROM contacts_contact")
    assert kinds(auditor.broken(auditor.look(), repaired=True)) == {"I5"}
    sql("UPDATE polyimages_polymorphicimagerelation SET object_id = '01' WHERE object_id = %s",
        str(contact.pk))  # fmt: skip
    assert kinds(auditor.broken(auditor.look())) == {"I5"}


def test_two_states_of_the_same_tables_have_one_digest(image, auditor):
    state = auditor.look()
    assert auditor.look() == state
    sql("UPDATE polyimages_image SET title = 'x'")
    assert auditor.look().tables != state.tables
