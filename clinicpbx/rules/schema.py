"""The rules' JSON Schema, for editors: every section, every step with its options."""

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from clinicpbx.core.callflow.step import STEPS
from clinicpbx.rules.document import Document, StepRule
from clinicpbx.rules.steps import first_option, options_of, summary_of
from clinicpbx.rules.words import written

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _AsWritten(GenerateJsonSchema):
    """Shows defaults in the form in which they are written."""

    def encode_default(self, dft: Any) -> Any:
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def json_schema() -> dict[str, Any]:
    """The schema of a rules file. Sections may stand in included files, so none is required."""
    schema = Document.model_json_schema(schema_generator=_AsWritten)
    schema.pop("required", None)
    schema["$defs"][StepRule.__name__] = _step()
    return {"$schema": DIALECT, "title": "The rules of a clinic", **_untitled(schema)}


def _step() -> dict[str, Any]:
    name = {"type": "string", "description": "Name of the step that follows."}
    following = {
        "next": {"type": "object", "additionalProperties": name, "description": "Outcome → name of the next step."},
        "then": {**name, "description": "Short for next: {done: …}."},
    }
    kinds = [{"required": [kind]} for kind in STEPS]
    properties = {kind: _options(kind) for kind in STEPS}
    return {"type": "object", "properties": {**properties, **following}, "additionalProperties": False, "oneOf": kinds}


def _options(kind: str) -> dict[str, Any]:
    """The options as a map; the first alone, where no other is required; nothing, where none is."""
    options = options_of(kind).model_json_schema(schema_generator=_AsWritten)
    required, first = options.get("required", []), first_option(kind)
    forms = [options]
    if first is not None and set(required) <= {first}:
        forms.append({**options["properties"][first], "description": f"Short for {{{first}: …}}."})
    if not required:
        forms.append({"type": "null"})
    return {"anyOf": forms, "description": f"A step that {summary_of(kind)}."}


def _untitled(part: Any) -> Any:
    """*part* without the titles that only repeat a field's name."""
    if isinstance(part, dict):
        return {key: _untitled(value) for key, value in part.items() if key != "title" or isinstance(value, dict)}
    return [_untitled(value) for value in part] if isinstance(part, list) else part
