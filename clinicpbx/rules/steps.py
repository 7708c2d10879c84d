"""The options of each kind of step, as the clinic may write them."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, cast, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, create_model

from clinicpbx.core.callflow.step import STEPS, Step
from clinicpbx.rules.words import E164, Duration, Extension, Language, Name, one_or_many

KEY = "[0-9*#]"
Key = Annotated[
    str,
    StringConstraints(pattern=f"^{KEY}$"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{KEY}$"}),
]
OPTIONS: Mapping[str, Any] = {
    "prompt": Name,
    "greeting": Name,
    "hours": Name,
    "queue": Name,
    "mailbox": Name,
    "remember": Name,
    "number": E164,
    "extension": Extension,
    "context": Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,79}$")],
    "silence": Duration,
    "tries": Annotated[int, Field(ge=1, le=9)],
    "shortest": Annotated[int, Field(ge=1, le=30)],
    "longest": Annotated[int, Field(ge=1, le=30)],
    "priority": Annotated[int, Field(ge=0, le=100)],
}
BY_TYPE: Mapping[Any, Any] = {
    timedelta: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(hours=2))],
    tuple[str, ...]: Annotated[tuple[Key, ...], BeforeValidator(one_or_many, json_schema_input_type=Key | list[Key])],
    Mapping[str, str]: dict[Key, Language],
}
ONLY_IN: Mapping[tuple[str, str], Any] = {
    ("dialplan", "extension"): Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_*#+-]{1,79}$")]
}
"""Options whose name means something else in one kind of step."""


@cache
def options_of(kind: str) -> type[BaseModel]:
    """The model of the options of *kind*: the fields of its step, unknown ones refused."""
    step = STEPS[kind]
    hints = get_type_hints(step)
    written: dict[str, Any] = {}
    for field in fields(step):
        of = hints[field.name]
        meant = ONLY_IN.get((kind, field.name), OPTIONS.get(field.name, BY_TYPE.get(of, of)))
        if field.default_factory is not MISSING:
            written[field.name] = (meant, Field(default_factory=field.default_factory))
        else:
            written[field.name] = (meant, ... if field.default is MISSING else field.default)
    return create_model(kind, __config__=ConfigDict(extra="forbid", frozen=True), **written)


def first_option(kind: str) -> str | None:
    """The option a step's text alone stands for: `play: welcome` is `play: {prompt: welcome}`."""
    return next((field.name for field in fields(STEPS[kind])), None)


def summary_of(kind: str) -> str:
    """What a step of this kind does, in a few words."""
    return str(getattr(STEPS[kind], "summary", ""))


def step_of(kind: str, options: Mapping[str, Any] | str, outcomes: Mapping[str, str]) -> Step:
    """The step with these options; a menu's keys default to those of its *outcomes*.

    Raises pydantic's ValidationError about `options_of(kind)`.
    """
    first = first_option(kind)
    written: dict[str, Any] = dict(options) if isinstance(options, Mapping) else {first or kind: options}
    hints = get_type_hints(STEPS[kind])
    if hints.get("keys") == tuple[str, ...] and "keys" not in written:
        written["keys"] = [outcome for outcome in outcomes if len(outcome) == 1 and outcome in "0123456789*#"]
    model = options_of(kind).model_validate({key: value for key, value in written.items() if value is not None})
    return cast(Step, STEPS[kind](**{name: getattr(model, name) for name in model.model_fields_set}))
