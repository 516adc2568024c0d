"""What --json prints, against the published schemas: and strictly, so that a new field is in them
before it is in the output."""

import json

import jsonschema

from harness import ROOT

FOLDER = ROOT / "config" / "json"


def strict(schema):
    """The schema, with fields refused that it doesn't name."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(part) for key, part in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made["additionalProperties"] = False
    return made


def load(name):
    return strict(json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8")))


def check(name, value):
    """Raises jsonschema.ValidationError."""
    shared = load("definitions")
    resolver = jsonschema.RefResolver("", {}, store={"definitions.schema.json": shared})
    schema = load(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(value)
