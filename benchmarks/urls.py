"""How long 500 URLs take, as a list of a hundred images has them: ``python benchmarks/urls.py``.

Signed by the package, by boto3 and by CloudFront, which needs RSA. No request is sent.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

NUMBER, ROUNDS = 500, 7
KEYS = [f"images/img_{number:032x}_md.webp" for number in range(NUMBER)]


def main() -> None:
    """Print a line for each way."""
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_polyimages"],
        POLYIMAGES={"URL_WINDOW": 3600},
    )
    django.setup()
    from django_polyimages.storage.s3 import s3_storage
    from django_polyimages.storage.s3_backend import S3ImageStorage
    from django_polyimages.storage.signing import _cloudfront_url, url_of, urls_of

    keys = {"region": "eu-central-1", "access_key": "AKIAEXAMPLE", "secret_key": "secret"}
    s3 = S3ImageStorage(**s3_storage("photos", **keys)["OPTIONS"])
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    signed = {"cloudfront_key_id": "K1", "cloudfront_key": pem.decode()}
    options = s3_storage("photos", **keys, public_url="https://x.example.com", **signed)["OPTIONS"]
    cloudfront = S3ImageStorage(**options)
    url_of(s3, KEYS[0])  # connects
    url_of(cloudfront, KEYS[0])
    report("S3, signed by the package", lambda: [url_of(s3, key) for key in KEYS])
    report("S3, signed as a list does it", lambda: list(map(urls_of(s3), KEYS)))
    temporary = S3ImageStorage(**s3_storage("photos", **keys, security_token="t" * 800)["OPTIONS"])
    url_of(temporary, KEYS[0])
    report("S3, with a token", lambda: [url_of(temporary, key) for key in KEYS])
    report("S3, signed by boto3", lambda: [s3.url(key) for key in KEYS])
    report(
        "CloudFront, the first time in a window",
        lambda: [url_of(cloudfront, key) for key in KEYS],
        before=_cloudfront_url.cache_clear,
    )
    report("CloudFront, after that", lambda: [url_of(cloudfront, key) for key in KEYS])


def report(
    what: str, run: Callable[[], list[str]], before: Callable[[], None] | None = None
) -> None:
    """Print the median of the CPU time."""
    times = []
    for _round in range(ROUNDS):
        if before:
            before()
        started = time.process_time()
        assert len(set(run())) == NUMBER
        times.append(1000 * (time.process_time() - started))
    print(f"{what}: {statistics.median(times):.1f} ms for {NUMBER} URLs")


if __name__ == "__main__":
    main()
