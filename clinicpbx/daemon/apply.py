"""Rules into force: checked, rendered, kept as a version, installed, verified; or everything as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import FileSystemLoader

from clinicpbx.adapters.asterisk import versions
from clinicpbx.adapters.asterisk.install import install, installed
from clinicpbx.adapters.asterisk.phone_passwords import phone_passwords
from clinicpbx.adapters.asterisk.prompts import make_prompts
from clinicpbx.daemon.login import login
from clinicpbx.errors import ClinicPBXError, RulesRefused
from clinicpbx.paths import Instance
from clinicpbx.rules.compile import TEMPLATES, Rules, read_parsed, read_rules, shipped_templates
from clinicpbx.rules.diff import Sentence, sentences
from clinicpbx.rules.prompts import prompt_texts
from clinicpbx.rules.render import Place, edited_by_hand, render
from clinicpbx.rules.scenarios import failing
from clinicpbx.settings import Settings
from clinicpbx.shipped import shipped


@dataclass(frozen=True, slots=True)
class Outcome:
    """*version* is in force; *loaded*: Asterisk runs and took it; *changed*: it was not in force before."""

    version: str
    loaded: bool
    changed: bool = True
    warnings: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def fingerprint(self, instance: Instance) -> str:
        """The version and the SHA-256 of its files, by which the audit log knows them."""
        return f"{self.version}/{versions.digest(instance, self.version)}"


def checked(instance: Instance, version: str = "") -> Rules:
    """The rules of the instance's folder. Errors: RulesRefused with every mistake, or every scenario that fails."""
    rules = read_rules(instance.clinic, datetime.now(UTC).date(), version)
    if mistakes := failing(rules):
        raise RulesRefused(mistakes)
    return rules


def proved(instance: Instance, file: Path) -> Rules:
    """The rules in *file*, found good as they are written and as Asterisk would get them; nothing is kept.

    Errors: RulesRefused with every mistake; RenderRefused and DialplanRefused about what would be rendered.
    """
    today = datetime.now(UTC).date()
    rules = read_rules(file, today, "draft")
    place = Place(instance.home, "draft", today, dict.fromkeys(rules.document.phones, "draft"))
    render(rules, place, FileSystemLoader(shipped("dialplan_templates")))
    return rules


def rendered(instance: Instance, rules: Rules, version: str) -> dict[str, str]:
    """Asterisk's files for *rules*, as they would be installed."""
    secrets = phone_passwords(instance, rules.document.phones)
    place = Place(instance.home, version, datetime.now(UTC).date(), secrets)
    return render(rules, place, FileSystemLoader(shipped("dialplan_templates")))


def apply(instance: Instance, settings: Settings, why: str = "", force: bool = False) -> Outcome:
    """Bring the rules of the instance's folder into force for every call that begins from now on.

    Errors: RulesRefused; ClinicPBXError where a generated file was edited by hand and *force* is not given, where
    another change is under way, or where Asterisk did not take it. After an error everything is as it was.
    """
    with versions.locked(instance):
        before = versions.in_force(instance)
        version = versions.next_version(instance)
        rules = checked(instance, version)
        files = rendered(instance, rules, version)
        _untouched(instance, force)
        make_prompts(instance, prompt_texts(rules.document))
        found = tuple(map(str, rules.warnings))
        if before and _same(instance, before, _beside(rules), rendered(instance, rules, before)):
            return Outcome(before, install(instance, settings, versions.rendered(instance, before)), False, found)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        meaning = tuple(map(str, meant(instance, rules, before)))
        with _back_to(instance, before, version):
            versions.keep(
                instance,
                versions.Applied(version, now, login(instance, settings).name, why, meaning),
                files,
                _beside(rules),
            )
            versions.point_at(instance, version)
            return Outcome(version, install(instance, settings, files), True, found, meaning)


def meant(instance: Instance, rules: Rules, before: str) -> list[Sentence]:
    """What *rules* change against the version *before*, "" for none; one sentence where those cannot be read."""
    if not before:
        return sentences(None, rules.document)
    try:
        old = read_parsed(versions.folder_of(instance, before) / "rules" / instance.clinic.name)
        other = [name for name, content in rules.calendars.items() if old.calendars.get(name, content) != content]
        return sentences(old.document, rules.document, other)
    except ClinicPBXError:
        return [Sentence(f"version {before} cannot be compared: its rules are not readable by this release")]


def roll_back(instance: Instance, settings: Settings, version: str = "", force: bool = False) -> Outcome:
    """Bring *version*, or the one before that in force, into force again. Errors as for `apply`."""
    with versions.locked(instance):
        before = versions.in_force(instance)
        version = version or _one_before(instance, before)
        files = versions.rendered(instance, version)
        _untouched(instance, force)
        with _back_to(instance, before):
            versions.point_at(instance, version)
            return Outcome(version, install(instance, settings, files), version != before)


@contextmanager
def _back_to(instance: Instance, before: str, refused: str = "") -> Iterator[None]:
    """After an error *before* is in force again, and *refused* was never a version."""
    try:
        yield
    except BaseException:
        versions.point_at(instance, before)
        if refused:
            versions.forget(instance, refused)
        raise


def _one_before(instance: Instance, before: str) -> str:
    older = [each.version for each in versions.versions(instance) if each.version < before]
    if not older:
        raise ClinicPBXError("there is no version before this one", do="See clinicpbx rules history")
    return older[-1]


def _beside(rules: Rules) -> dict[str, bytes]:
    """The templates below *rules*: a later release may bring others."""
    if not rules.document.templates:
        return {}
    return {f"{TEMPLATES}/{name}.yaml": content for name, content in shipped_templates().items()}


def _same(instance: Instance, version: str, beside: dict[str, bytes], files: dict[str, str]) -> bool:
    """Whether *version* has these files and was made from the rules as they are now."""
    kept, now = _contents(instance.versions / version / "rules"), _contents(instance.rules) | beside
    if version not in {each.version for each in versions.versions(instance)}:
        return False  # damaged: what is in force is made anew
    return kept == now and versions.rendered(instance, version) == files


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _untouched(instance: Instance, force: bool) -> None:
    edited = sorted(name for name, text in installed(instance).items() if edited_by_hand(text))
    if edited and not force:
        raise ClinicPBXError(
            f"edited by hand: {', '.join(edited)}",
            where=str(instance.generated),
            do="Move the change into the rules or a *-custom context, then apply with --force",
        )
