"""``/api/docs``: the OpenAPI document as one page that needs nothing from anywhere."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
       color: light-dark(#0b0f16, #ebe8df); background: light-dark(#fbfaf6, #12161d); }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
         border-bottom: 1px solid light-dark(#dcd8cc, #333b48); }
a { color: light-dark(#2b4c7e, #a3c0ea); }
"""


def document(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, without FastAPI's own form of a refused argument: ours is 400."""
    told = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
    told["servers"] = [{"url": "/api"}]
    for methods in told["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        told["components"]["schemas"].pop(unused, None)
    return told


def page(document: dict[str, Any]) -> str:
    """An HTML page of an OpenAPI document."""
    info = document["info"]
    base = document["servers"][0]["url"]
    schemas = document.get("components", {}).get("schemas", {})
    body = "".join(
        f"<h2><code>{method.upper()} {escape(base + path)}</code></h2>{''.join(_operation(operation, schemas))}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style>"
        f"<main><h1>{escape(info['title'])} API</h1><p>{escape(info['description'])}</p>"
        f'<p>For programs: <a href="openapi.json">openapi.json</a></p>{body}</main></html>'
    )


def _operation(operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield f"<p>{escape(operation.get('summary', ''))}. {escape(operation.get('description', ''))}</p>"
    if operation.get("security"):
        yield "<p>Needs leave to act: <code>Authorization: Bearer</code> and the admin token.</p>"
    if parameters := operation.get("parameters", ()):
        rows = ((entry["name"], entry["schema"], bool(entry.get("required"))) for entry in parameters)
        yield _table("Argument", rows)
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for option in body.get("anyOf", [body]):
        model = schemas.get(str(option.get("$ref", "")).rpartition("/")[2], {})
        if fields := model.get("properties"):
            needed = model.get("required", ())
            yield _table("In the JSON body", ((name, one, name in needed) for name, one in fields.items()))
    answers = ", ".join(f"{code}: {entry['description']}" for code, entry in operation["responses"].items())
    yield f"<p>Answers: {escape(answers)}</p>"


def _table(title: str, rows: Iterable[tuple[str, dict[str, Any], bool]]) -> str:
    lines = [f"<table><tr><th>{title}</th><th>Type</th><th>Default</th><th>Meaning</th></tr>"]
    for name, schema, required in rows:
        default = "required" if required else str(schema.get("default", "–"))
        cells = (name, _type(schema), default, schema.get("description", ""))
        lines.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    return "".join([*lines, "</table>"])


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"] if option.get("type") != "null")
    name = str(schema.get("type", "any"))
    return f"{name} of {_type(schema['items'])}" if "items" in schema else name
