"""The options of each kind of step, as the clinic may write them."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Literal, cast, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    create_model,
)

from clinicpbx.core.callflow.step import STEPS, Step
from clinicpbx.rules.words import E164, Duration, Extension, Language, Name, levels, one_or_many, some

KEY = "[0-9*#]"
Key = Annotated[
    str,
    StringConstraints(pattern=f"^{KEY}$"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{KEY}$"}),
]
Level = Annotated[int, Field(ge=1, le=9)]
Needs = Annotated[
    dict[Name, Level], BeforeValidator(levels, json_schema_input_type=Name | list[Name] | dict[Name, Level])
]
OPTIONS: Mapping[str, Any] = {
    "prompt": Name,
    "greeting": Name,
    "reason": Name,
    "hours": Name,
    "queue": Name,
    "mailbox": Name,
    "category": Name,
    "remember": Name,
    "number": E164,
    "extension": Extension,
    "rota": Name,
    "page": Name,
    "level": Literal["emergency", "urgent", "routine"],
    "speciality": Name,
    "phones": Annotated[
        tuple[Extension, ...],
        AfterValidator(some),
        BeforeValidator(one_or_many, json_schema_input_type=Extension | list[Extension]),
    ],
    "mode": Literal["listen", "whisper", "barge"],
    "rounds": Annotated[int, Field(ge=1, le=9)],
    "context": Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,79}$")],
    "silence": Duration,
    "tries": Annotated[int, Field(ge=1, le=9)],
    "shortest": Annotated[int, Field(ge=1, le=30)],
    "longest": Annotated[int, Field(ge=1, le=30)],
    "priority": Annotated[int, Field(ge=0, le=100)],
    "most": Annotated[int, Field(ge=0, le=10000)],
    "needs": Needs,
    "relax": dict[Duration, Needs],
    "comfort": Annotated[tuple[Name, ...], BeforeValidator(one_or_many, json_schema_input_type=Name | list[Name])],
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


MEANINGS: Mapping[str, str] = {
    "prompt": "What is said (see prompts).",
    "keys": "Keys that lead on; default: those named under next.",
    "language.keys": "Key → language.",
    "patience": "How long the caller may take after the prompt before it counts as silence.",
    "tries": "How often the prompt is said before the call goes on by timeout or invalid.",
    "hours": "The hours that decide (see hours).",
    "extension": "The phone that is rung (see phones).",
    "dialplan.extension": "The extension in that context.",
    "number": "The outside number that is rung.",
    "ring": "How long it rings.",
    "on_call.ring": "How long each of them is rung.",
    "refer.ring": "How long each of them is rung.",
    "rota": "The rota that says who is on call (see rotas).",
    "page": "The rota whose people are rung until one of them accepts it (see rotas).",
    "level": "How the clinic's protocol sees the call.",
    "rounds": "How often they are all rung in turn.",
    "speciality": "What the provider is for (see providers).",
    "phones": "The phones that are rung (see phones).",
    "alert.prompt": "What they say, in their own language (see prompts).",
    "context": "The context of extensions-custom.conf that takes the call and gives it back.",
    "queue": "The queue (see queues).",
    "priority": "A higher one goes first; calls of the same wait in their order.",
    "most": "How many may wait; one more goes on by overflow at once; 0: any number.",
    "needs": "What the agent must be able to do: a list, or skill → least level; `language` is the caller's.",
    "relax": "Time of waiting → what is needed from then on.",
    "comfort": "Prompts said in turn after each announcement of the place (see prompts).",
    "enqueue.greeting": "What a caller who has to wait hears first, before the place (see prompts).",
    "enqueue.keys": "Keys that lead out of the queue, and keep the place; default: those named under next.",
    "mode": "listen, whisper (the agent alone hears it) or barge (everybody does).",
    "reason": "Why they call, told to the agent before the call is theirs, where the queue whispers (see prompts).",
    "callback.queue": "The queue whose agents call back (see queues).",
    "callback.hours": "When patients are called back (see hours); default: whenever an agent is there.",
    "callback.tries": "How often the patient is rung before a person has to see to it.",
    "again": "How long after an attempt the next one is made.",
    "limit": "The longest wait; then the call goes on by overflow.",
    "voicemail.limit": "The longest message.",
    "mailbox": "The mailbox (see mailboxes).",
    "category": "What they want (see categories).",
    "greeting": "What is said before the tone (see prompts).",
    "silence": "So much silence ends the message.",
    "confirm_number": "Whether the call-back number is read back and can be corrected.",
    "remember": "The name under which the call keeps the digits.",
    "shortest": "Fewest digits.",
    "longest": "Most digits.",
    "finish": "The key that ends the digits.",
}
"""What an option means: by `kind.option`, else by its name."""


@cache
def options_of(kind: str) -> type[BaseModel]:
    """The model of the options of *kind*: the fields of its step, unknown ones refused."""
    step = STEPS[kind]
    hints = get_type_hints(step)
    written: dict[str, Any] = {}
    for field in fields(step):
        of = hints[field.name]
        meant = ONLY_IN.get((kind, field.name), OPTIONS.get(field.name, BY_TYPE.get(of, of)))
        about = MEANINGS.get(f"{kind}.{field.name}") or MEANINGS[field.name]
        if field.default_factory is not MISSING:
            written[field.name] = (meant, Field(default_factory=field.default_factory, description=about))
        else:
            default: Any = ... if field.default is MISSING else field.default
            written[field.name] = (meant, Field(default, description=about))
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
