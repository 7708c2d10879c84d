"""The language reference: every section, key and step of the rules, as Markdown, from the models themselves."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from clinicpbx.core.callflow.step import STEPS
from clinicpbx.rules.schema import json_schema
from clinicpbx.rules.steps import first_option, summary_of

Part = Mapping[str, Any]
HEAD = """\
# The rules, key by key

Written from the program itself by `clinicpbx rules reference`. A rules file is YAML; every section may stand in a
file of its own that `include` names. Names are small letters, digits, `-` and `_`. Durations are written `20s`, `3m`,
`1h30m`; times of day `08:00-17:00` in the site's own clock; numbers of patients and carriers in full,
`+12075550100`; internal numbers as they are dialled, `201`.
"""
STEPS_HEAD = "A step of a flow does one thing and ends with an outcome; `next` says which step follows it."


def reference() -> str:
    """The whole page."""
    schema = json_schema()
    parts = schema["$defs"]
    sections = [name for name in schema["properties"] if name != "include"]
    index = " · ".join(f"[{name}](#{name})" for name in (*sections, "steps"))
    lines = [HEAD, index, ""]
    for name in ("include", *sections):
        lines += _section(name, schema["properties"][name], parts)
    lines += [
        "## steps",
        "",
        "A step of a flow does one thing and ends with an outcome; `next` says which step follows it.",
        "",
    ]
    for kind in STEPS:
        lines += _step(kind, parts["StepRule"]["properties"][kind])
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, schema: Part, parts: Part) -> Iterator[str]:
    yield from (f"## {name}", "", schema["description"], "")
    inner = _model(schema)
    if inner and inner != "StepRule":
        yield from _tables(inner, parts, set())
    elif not inner:
        yield from (f"Value: {_value(schema)}.", "")


def _tables(model: str, parts: Part, shown: set[str]) -> Iterator[str]:
    """The keys of *model*, then those of the models in it, each once."""
    shown.add(model)
    properties = parts[model]["properties"]
    required = parts[model].get("required", [])
    yield from ("| key | value | default | meaning |", "|---|---|---|---|")
    for key, schema in properties.items():
        default = "required" if key in required else _default(schema)
        yield f"| `{key}` | {_value(schema)} | {default} | {schema['description']} |"
    yield ""
    for key, schema in properties.items():
        inner = _model(schema)
        if inner and inner not in shown and inner != "StepRule":
            yield from (f"### `{key}`", "")
            yield from _tables(inner, parts, shown)


def _step(kind: str, schema: Part) -> Iterator[str]:
    yield from (f"### {kind}", "", f"{summary_of(kind)[:1].upper()}{summary_of(kind)[1:]}.", "")
    options = schema["anyOf"][0]
    outcomes = sorted(STEPS[kind](**_sample(options)).outcomes())
    ends = [f"`{outcome}`" for outcome in outcomes] + (["each of its keys"] if kind in ("menu", "enqueue") else [])
    yield from (f"Outcomes: {', '.join(ends) or 'none; the call is over'}.", "")
    if not options["properties"]:
        return
    yield from ("| option | value | default | meaning |", "|---|---|---|---|")
    for key, one in options["properties"].items():
        default = "required" if key in options.get("required", ()) else _default(one)
        yield f"| `{key}` | {_value(one)} | {default} | {one['description']} |"
    yield ""
    if any("$" not in str(form) and "Short for" in form.get("description", "") for form in schema["anyOf"][1:]):
        yield from (f"`{kind}: x` is short for `{kind}: {{{first_option(kind)}: x}}`.", "")


def _sample(options: Part) -> dict[str, Any]:
    """The required options, each with some value."""
    return dict.fromkeys(options.get("required", ()), "a")


def _model(schema: Part) -> str:
    """The model behind *schema*: itself, of each name, or of each item."""
    for form in (schema, schema.get("additionalProperties"), schema.get("items"), *schema.get("anyOf", ())):
        if isinstance(form, dict) and "$ref" in form:
            return str(form["$ref"]).rpartition("/")[2]
    patterns = list(schema.get("patternProperties", {}).values())
    return _model({"anyOf": patterns}) if patterns else ""


def _value(schema: Part) -> str:
    """What may stand there, in words."""
    if "anyOf" in schema:
        words = [_value(form) for form in schema["anyOf"] if form.get("type") != "null"]
        return ", or ".join(dict.fromkeys(filter(None, words)))
    if "$ref" in schema:
        return "a map"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type")
    if kind == "object":
        return "a map by name"
    if kind == "array":
        return f"a list: {_value(schema['items'])}" if schema.get("items") else "a list"
    if "examples" in schema:
        return f"like `{schema['examples'][0]}`"
    if kind == "boolean":
        return "`true` or `false`"
    if kind == "integer":
        return f"a whole number{_bounds(schema)}"
    return "a date" if schema.get("format") == "date" else "a time" if schema.get("format") == "date-time" else "a text"


def _bounds(schema: Part) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    return f" from {low} to {high}" if low is not None and high is not None else ""


def _default(schema: Part) -> str:
    default = schema.get("default")
    if default in (None, [], {}, "", ()):
        return "–"
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default, ensure_ascii=False)}`"
