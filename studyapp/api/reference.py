"""The OpenAPI description as a person reads it: one part for each address."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Named:
    """A parameter that is sent, or a field that is answered."""

    name: str
    kind: str
    description: str


@dataclass(frozen=True)
class Operation:
    """What can be asked at an address.

    Attributes:
        paged: Whether the fields are those of one of the ``items`` of a page.
        fields: Of the answer; none where it is a file, or as the report is.
    """

    path: str
    description: str
    parameters: list[Named]
    paged: bool
    fields: list[Named]


def operations(described: Described) -> list[Operation]:
    """Every operation, in the order of the description."""
    return [
        _operation(path, told, described["components"]["schemas"])
        for path, methods in described["paths"].items()
        for told in methods.values()
    ]


def _operation(path: str, told: Described, schemas: Described) -> Operation:
    content = told["responses"][200].get("content", {}).get("application/json", {})
    answer = _followed(content.get("schema", {}), schemas)
    paged = set(answer.get("properties", {})) == {"items", "next"}
    one = answer["properties"]["items"] if paged else answer
    return Operation(
        path,
        told.get("description", "").replace("`", ""),
        [Named(of["name"], _kind(of["schema"]), of.get("description", "")) for of in told["parameters"]],
        paged,
        list(_fields(_followed(one.get("items", one), schemas))),
    )


def _followed(schema: Described, schemas: Described) -> Described:
    return schemas[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema


def _fields(schema: Described) -> Iterator[Named]:
    for name, of in schema.get("properties", {}).items():
        yield Named(name, _kind(of), of.get("description", ""))


def _kind(schema: Described) -> str:
    """A type in a word or two, and what is taken where nothing is said."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    kind = f"list of {_kind(schema['items'])}" if "items" in schema else schema.get("format", schema.get("type", "any"))
    default = schema.get("default")
    return f"{kind} ({default})" if default not in (None, "", False) else str(kind)
