from __future__ import annotations

import pytest
from ninja import NinjaAPI

from config.api import api
from django_polyimages.api import images_router


def schema_of(*mounts) -> dict:
    other = NinjaAPI(urls_namespace=f"test-{len(mounts)}-{id(mounts)}")
    for prefix, router in mounts:
        other.add_router(prefix, router)
    return other.get_openapi_schema(path_prefix="")


def test_every_operation_has_an_id_and_its_errors():
    operations = [
        operation
        for path in api.get_openapi_schema(path_prefix="")["paths"].values()
        for operation in path.values()
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == 14
    for operation in operations:
        assert {400, 401, 403, 404} <= set(operation["responses"])
        assert operation["security"]


def test_each_version_is_a_field_of_the_document():
    schemas = api.get_openapi_schema(path_prefix="")["components"]["schemas"]
    versions = schemas["PolyimagesImage"]["properties"]["versions"]
    assert list(versions["properties"]) == ["thumb", "sm", "md", "lg"]
    assert versions["properties"]["sm"] == {"$ref": "#/components/schemas/PolyimagesVersion"}
    assert schemas["PolyimagesImage"]["properties"]["id"]["type"] == "integer"


def test_two_routers_on_one_api():
    schema = schema_of(("/a/", images_router()), ("/b/", images_router(name="photos")))
    assert schema["paths"]["/a/orgs/{org_slug}/attach/"]["post"]["operationId"] == "images_attach"
    assert schema["paths"]["/b/orgs/{org_slug}/attach/"]["post"]["operationId"] == "photos_attach"


@pytest.mark.parametrize("auth", [None, []])
def test_there_is_no_open_mode(auth):
    with pytest.raises(ValueError, match="needs an authentication"):
        images_router(auth=auth)
