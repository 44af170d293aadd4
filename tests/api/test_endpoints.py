from __future__ import annotations

import json

from config.api import api
from django_polyimages.api.endpoints import endpoints
from tests.api.calls import CALLS


class TestDocument:
    def test_every_operation_has_an_id_its_errors_and_its_security(self):
        operations = [
            operation
            for path in api.get_openapi_schema(path_prefix="")["paths"].values()
            for operation in path.values()
        ]
        ids = {operation["operationId"].removeprefix("images_") for operation in operations}
        assert ids == {call.operation for call in CALLS}
        for operation in operations:
            assert {400, 401, 403, 404} <= set(operation["responses"])
            assert operation["security"]
            assert operation["description"]

    def test_each_version_is_a_field(self):
        schemas = api.get_openapi_schema(path_prefix="")["components"]["schemas"]
        versions = schemas["PolyimagesImage"]["properties"]["versions"]
        assert list(versions["properties"]) == ["thumb", "sm", "md", "lg"]
        assert versions["properties"]["sm"] == {"$ref": "#/components/schemas/PolyimagesVersion"}
        assert schemas["PolyimagesImage"]["properties"]["id"]["type"] == "integer"

    def test_no_default_is_named_that_a_client_would_send(self):
        paths = api.get_openapi_schema(path_prefix="")["paths"]
        for operations in paths.values():
            for operation in operations.values():
                body = operation.get("requestBody", {"content": {}})["content"]
                assert '"default"' not in json.dumps(body.get("application/json", {}))

    def test_what_a_page_fills_in_is_valid_and_no_text_is_invented(self):
        """Swagger makes up a text for each pattern, and whoever tries an upload stores it."""
        for endpoint in endpoints():
            body = endpoint.document.get("requestBody", {"content": {}})["content"]
            for kind, content in body.items():
                fields = content["schema"]["properties"]
                if kind == "multipart/form-data":
                    texts = [one for one in fields.values() if "pattern" in one]
                    assert [one["examples"] for one in texts] == [[""]] * len(texts)
                elif "example" in content:
                    endpoint.body.model_validate(content["example"])
                else:
                    assert "pattern" not in json.dumps(fields), endpoint.path
