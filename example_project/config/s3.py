"""Options for django-storages that work with AWS, Cloudflare R2, SeaweedFS, Ceph and others."""

import os
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config


def s3_storage(bucket: str) -> dict[str, Any]:
    """An entry of ``STORAGES``, from the ``POLYIMAGES_S3_*`` variables."""
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": os.environ.get("POLYIMAGES_S3_ENDPOINT"),
            "region_name": os.environ.get("POLYIMAGES_S3_REGION", "us-east-1"),
            "access_key": os.environ.get("POLYIMAGES_S3_ACCESS_KEY"),
            "secret_key": os.environ.get("POLYIMAGES_S3_SECRET_KEY"),
            "verify": os.environ.get("POLYIMAGES_S3_CA_BUNDLE"),
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                # boto3 >= 1.36 sends checksums in a trailer, which R2, Ceph and others refuse.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
            # One PUT for every original up to MAX_BYTES, in the thread that asked for it.
            "transfer_config": TransferConfig(
                multipart_threshold=64 * 1024 * 1024, use_threads=False
            ),
            "default_acl": None,
            # Keys are random and never used twice, so nobody need ask first whether one is taken.
            "file_overwrite": True,
            "object_parameters": {"CacheControl": "private, max-age=31536000, immutable"},
        },
    }
