from __future__ import annotations

import json

import pytest
from botocore.config import Config

from django_polyimages.operations.storage_trial import cors_rule
from django_polyimages.storage.providers import PROVIDERS
from tests import seaweedfs
from tests.operations.storage_trial.conftest import failed, tried

SITE = "https://example.com"
CORS = f"CORS from {SITE}"


@pytest.mark.slow
class TestStrict:
    """On SeaweedFS, over http and https."""

    def test_everything_works_once_the_bucket_has_the_rule(self, strict):
        backend = strict()
        rule = cors_rule(PROVIDERS["seaweedfs"], SITE)
        backend.bucket.meta.client.put_bucket_cors(
            Bucket=backend.bucket.name,
            CORSConfiguration={"CORSRules": json.loads(json.dumps(rule))},
        )
        assert failed(tried(backend, SITE)) == []
        steps = tried(backend, "https://other.example.com")
        [name] = failed(steps)
        assert name == "CORS from https://other.example.com"
        assert "CORS rule below" in steps[name].hint
        assert list(backend.bucket.objects.all()) == []

    def test_a_rule_without_the_headers_does_not_do(self, strict):
        backend = strict()
        rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["x-other"]}
        backend.bucket.meta.client.put_bucket_cors(
            Bucket=backend.bucket.name, CORSConfiguration={"CORSRules": [rule]}
        )
        assert failed(tried(backend, SITE)) == [CORS]

    def test_a_folder_in_the_bucket_works_too(self, strict, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}
        assert failed(tried(strict(location="site/one"))) == []

    def test_a_key_that_may_only_read_cannot_write(self, strict):
        [step] = tried(strict(access_key=seaweedfs.READER)).values()
        assert (step.name, step.detail, step.is_problem) == ("put", "AccessDenied", True)

    def test_a_bucket_that_does_not_exist_is_named(self, strict):
        [step] = tried(strict(bucket_name="nowhere")).values()
        assert (step.detail, step.is_problem) == ("NoSuchBucket", True)
        assert "Check bucket_name" in step.hint

    def test_conditions_that_work_and_are_not_used_are_told(self, strict):
        steps = tried(strict(provider="other"))
        assert failed(steps) == ["no second upload"]
        assert not steps["no second upload"].is_needed
        assert "not used" in steps["conditional put"].detail

    def test_checksums_behind_the_content_leave_a_mark(self, strict):
        backend = strict(client_config=Config(request_checksum_calculation="when_supported"))
        expected = ["headers"] if backend.endpoint_url.startswith("https") else []
        assert failed(tried(backend)) == expected


class TestGullible:
    """A server that checks nothing."""

    def test_what_it_lets_pass_is_named(self, gullible, lenient):
        steps = tried(gullible(), SITE)
        assert failed(steps) == [
            "conditional put",
            "closed without a signature",
            "no list for strangers",
            "no upload of a longer file",
            "no upload of a shorter file",
            "no upload of another type",
            "no upload of other bytes",
            "no second upload",
            CORS,
        ]
        needed = [name for name, step in steps.items() if step.is_problem]
        assert needed == ["closed without a signature", "no list for strangers", CORS]
        assert lenient.objects == {}

    def test_a_profile_that_promises_conditions_makes_them_needed(self, gullible):
        steps = tried(gullible(provider="minio"))
        assert steps["conditional put"].is_problem
        assert "without conditional_writes" in steps["conditional put"].hint
        assert steps["no second upload"].is_problem

    def test_a_public_bucket_need_not_be_closed(self, gullible):
        steps = tried(gullible(signed_urls=False))
        assert "closed without a signature" not in steps
        assert steps["read by URL"].works

    def test_a_public_address_that_leads_elsewhere_is_named(self, gullible, lenient):
        steps = tried(gullible(public_url=f"{lenient.url}/elsewhere"))
        assert (steps["read by URL"].is_problem, steps["read by URL"].detail) == (True, "HTTP 404")

    def test_a_key_that_may_not_delete_leaves_files_and_is_told(self, gullible, lenient):
        lenient.refused.add("DELETE")
        with pytest.raises(AssertionError):  # something is left
            tried(gullible())
        assert lenient.objects

    def test_headers_that_are_not_kept_are_told(self, gullible):
        steps = tried(gullible(object_parameters={}))
        assert "no Cache-Control" in steps["headers"].detail
