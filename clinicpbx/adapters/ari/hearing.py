"""What ARI tells of a test call, as its listening end hears it. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clinicpbx.core.callflow.rehearsal import TAKEN
from clinicpbx.core.selftest.walk import (
    Answered,
    Gone,
    Heard,
    PromptBegan,
    PromptsEnded,
    Reached,
    Ready,
    SoundBegan,
    SoundEnded,
)

HEARS = (
    *("StasisStart", "ChannelStateChange", "ChannelTalkingStarted", "ChannelTalkingFinished", "ChannelDestroyed"),
    *("PlaybackStarted", "PlaybackFinished", "ChannelUserevent"),
)
"""The event types that a test call listens to."""


def heard(message: Mapping[str, Any], ear: str, call: str, at: datetime) -> Heard | None:
    """What *message* says of the test call with the channels *ear*, which listens, and *call*; None if nothing."""
    channel = (message.get("channel") or {}).get("id", "")
    playback = message.get("playback") or {}
    match message["type"]:
        case "StasisStart" if channel == ear:
            return Ready(at)
        case "ChannelStateChange" if channel == ear and message["channel"]["state"] == "Up":
            return Answered(at)
        case "ChannelTalkingStarted" if channel == ear:
            return SoundBegan(at)
        case "ChannelTalkingFinished" if channel == ear:
            return SoundEnded(at)
        case "ChannelDestroyed" if channel == ear:
            return Gone(at)
        case "PlaybackStarted" if playback.get("target_uri") == f"channel:{call}":
            return PromptBegan(at, prompt_of(playback["media_uri"]))
        case "PlaybackFinished" if playback.get("target_uri") == f"channel:{call}":
            return PromptsEnded(at, playback.get("state") != "failed")
        case "ChannelUserevent" if channel == call and message["eventname"] == TAKEN:
            return Reached(at, message["userevent"].get("Step", ""))
    return None


def prompt_of(uri: str) -> str:
    """`sound:/…/prompts/en/main-menu` → `en/main-menu`; a sound of Asterisk's own keeps its name."""
    name = uri.removeprefix("sound:")
    return "/".join(name.split("/")[-2:]) if name.startswith("/") else name
