from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.management import CommandError, call_command

from django_polyimages import VersionSpec
from django_polyimages.models import Image
from django_polyimages.operations import generation
from tests.builders import uploaded, without_versions
from tests.drawing import photo
from tests.management.commands.printed import printed_with_code
from tests.management.commands.site import wait_until

pytestmark = pytest.mark.django_db
OLD = datetime(2026, 3, 1, tzinfo=UTC)
run = partial(printed_with_code, "polyimages_generate", "--jobs", "1")


def ready() -> set[int]:
    return set(Image.objects.filter(status="ready").values_list("pk", flat=True))


def test_it_says_what_it_would_do_and_does_it(acme):
    image = without_versions(acme)
    out, code = run()
    first, *_reasons, last = out.splitlines()
    assert first == "To generate: versions of 1 image."
    assert last == "Generated: 4 versions, 1 image in order."
    assert "  missing: 1\n  pending: 1\nTo read: 0.0 MB. To write: about 0.1 MB. Time: " in out
    assert (ready(), code) == ({image.pk}, 0)


def test_a_plan_changes_nothing(acme):
    without_versions(acme)
    out, code = run("--plan")
    assert out.startswith("To generate: versions of 1 image.\n")
    assert "Generated" not in out
    assert (ready(), code) == (set(), 0)


def test_nothing_to_do_is_a_success(image):
    assert run() == (
        "To generate: versions of 0 images.\nGenerated: 0 versions, 0 images in order.\n",
        0,
    )


def test_a_failure_is_named_and_exit_code_1(acme, files):
    lost, good = without_versions(acme), without_versions(acme)
    files.delete(lost.key)
    out, code = run()
    assert f"{lost.pk}: {lost.key}: FileNotFoundError\n" in out
    assert out.endswith("Failed: 1 image.\n  FileNotFoundError: 1\n")
    assert (ready(), code) == ({good.pk}, 1)


class TestSelection:
    @pytest.fixture(autouse=True)
    def specs(self, acme, settings) -> Image:
        """An image with a stale version, one without a spec, and one that is missing."""

        def change(*specs: VersionSpec) -> None:
            settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": list(specs)}

        change(VersionSpec("sm", 100, 100), VersionSpec("md", 200, 200))
        image = uploaded(acme)
        change(VersionSpec("sm", 100, 100, quality=1), VersionSpec("lg", 300, 300))
        return image

    def names(self) -> list[str]:
        return list(Image.objects.get().versions)

    def stale(self) -> list[str]:
        return [spec.name for spec in Image.objects.get().outdated_specs]

    def test_all_reasons(self):
        run()
        assert (self.names(), self.stale()) == (["sm", "lg"], [])

    def test_missing(self):
        run("--missing")
        assert self.stale() == ["sm"]

    def test_stale(self):
        run("--stale")
        assert (self.names(), self.stale()) == (["sm"], ["lg"])

    def test_failed(self):
        run("--failed")
        assert self.names() == ["sm", "md"]
        Image.objects.update(status="failed")
        run("--failed")
        assert self.names() == ["sm", "lg"]

    def test_pending(self):
        Image.objects.update(status="pending", updated_at=OLD)
        run("--failed")
        assert self.names() == ["sm", "md"]
        run("--pending")
        assert self.names() == ["sm", "lg"]

    def test_only_some_versions(self):
        run("--only", "lg")
        assert self.stale() == ["sm"]
        run("--only", "lg", "sm")
        assert self.stale() == []

    def test_everything(self, specs):
        run()
        before = Image.objects.get().versions
        run("--all", "--only", "sm")
        after = Image.objects.get().versions
        assert [name for name in before if before[name] != after[name]] == ["sm"]

    def test_an_organization_by_slug_or_key(self, acme, other):
        theirs = without_versions(other)
        run("--organization", "other")
        assert Image.objects.get(pk=theirs.pk).status == "ready"
        run("--organization", str(acme.pk))
        assert not Image.objects.exclude(pk=theirs.pk).get().outdated_specs

    def test_since(self):
        Image.objects.update(created_at=OLD)
        run("--since", "2026-03-02")
        assert self.names() == ["sm", "md"]
        run("--since", "2026-02-28")
        assert self.names() == ["sm", "lg"]

    def test_grace(self):
        Image.objects.update(status="pending")
        run()
        assert self.names() == ["sm", "md"]
        run("--grace", "0")
        assert self.names() == ["sm", "lg"]

    def test_what_does_not_exist_is_refused(self):
        with pytest.raises(CommandError, match=r"no 'huge'; choose from sm, lg\."):
            call_command("polyimages_generate", "--only", "huge")
        with pytest.raises(CommandError, match=r"no 'huge'; choose from sm, lg\.") as refused:
            call_command("polyimages_generate", only=["huge"])
        assert refused.value.returncode == 2
        for name in ("nobody", "0", "١", ""):
            with pytest.raises(CommandError, match="There is no organization") as refused:
                call_command("polyimages_generate", "--organization", name)
            assert refused.value.returncode == 2


class TestJson:
    def test_is_one_object(self, acme, files):
        lost, _good = without_versions(acme), without_versions(acme)
        files.delete(lost.key)
        out, code = run("--json")
        found = json.loads(out)
        assert set(found.pop("planned")) == {
            "images", "reasons", "bytes_to_read", "bytes_to_write", "seconds",
        }  # fmt: skip
        assert found == {
            "generated": {"images": 1, "versions": 4},
            "failed": {
                "images": 1,
                "reasons": {"FileNotFoundError": 1},
                "first": [{"id": str(lost.pk), "key": lost.key, "reason": "FileNotFoundError"}],
            },
            "left": 0,
        }
        assert code == 1

    def test_of_a_plan_has_no_outcome(self, acme):
        image = without_versions(acme)
        out, code = run("--json", "--plan")
        found = json.loads(out)
        assert found["planned"]["images"] == 1
        assert found["planned"]["reasons"] == {"missing": 1, "pending": 1}
        assert found["planned"]["bytes_to_read"] == image.byte_size
        assert (found["generated"], found["failed"], found["left"], code) == (None, None, 0, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_image_and_the_next_run_goes_on(acme, monkeypatch, number):
    images = [without_versions(acme) for _ in range(3)]
    real = generation.finish

    def interrupted(*args, **options):
        os.kill(os.getpid(), number)
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(generation, "finish", interrupted)
        out, code = run("--json")
    assert (json.loads(out)["left"], code) == (2, 1)
    assert ready() == {images[0].pk}
    assert run()[1] == 0
    assert ready() == {image.pk for image in images}


def test_a_run_that_is_killed_goes_on_when_it_is_started_again(site, acme):
    images = [without_versions(acme, photo(1600, 1200)) for _ in range(4)]
    site.copy_rows()
    process = site.start("polyimages_generate", "--jobs", "2", "--rate", "0.5")
    wait_until(lambda: len(site.files()) > len(images))  # it has written the first version
    process.kill()
    process.communicate()
    done = site.ready()
    assert done < len(images)
    found = json.loads(site.run("polyimages_generate", "--jobs", "2", "--json"))
    assert found["planned"]["images"] == found["generated"]["images"] == len(images) - done
    recorded, files = site.recorded(), site.files()
    assert {key: files.get(key) for key in recorded} == recorded
