from __future__ import annotations

import pytest
import urllib3

from django_polyimages.operations.storage_trial.http import send


def test_it_sends_what_it_is_given_and_tells_the_answer(lenient):
    url = f"{lenient.url}/photos/x.webp"
    assert send("PUT", url, headers={"Content-Type": "image/webp"}, body=b"abc")[0] == 200
    assert lenient.objects["/photos/x.webp"] == (b"abc", {"Content-Type": "image/webp"})
    status, content, headers = send("GET", url, headers={})
    assert (status, content, headers["content-type"]) == (200, b"abc", "image/webp")
    assert send("GET", f"{url}.missing", headers={})[0] == 404


@pytest.mark.slow
def test_certificates_are_checked_unless_it_is_told_not_to(s3_server):
    url = f"{s3_server.https}/healthz"
    assert send("GET", url, headers={}, verify=s3_server.ca_bundle)[0] == 200
    with pytest.raises(urllib3.exceptions.SSLError):
        send("GET", url, headers={})
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert send("GET", url, headers={}, verify=False)[0] == 200
