"""The OpenAPI document, completed with what FastAPI cannot see: problem documents and bodies read by hand."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE, Problem
from api.routes.streams import NewStream

_REF = "#/components/schemas/{model}"
_BY_HAND = (Problem, NewStream)
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            tags=app.openapi_tags,
            license_info=app.license_info,
            routes=app.routes,
        )
        schemas = document["components"]["schemas"]
        for model in _BY_HAND:
            schemas[model.__name__] = model.model_json_schema(ref_template=_REF)
        for name in _FRAMEWORKS_OWN:
            schemas.pop(name, None)
        for item in document["paths"].values():
            for operation in item.values():
                _told_as_problems(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _told_as_problems(operation: dict[str, Any]) -> None:
    """What FastAPI says of its own 422 is not what is sent."""
    wrong = operation["responses"].get("422")
    if wrong is not None:
        wrong["content"] = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
