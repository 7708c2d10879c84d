"""Rules about the code that no import graph can see."""

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "clinicpbx").rglob("*.py"))
CORE = [module for module in MODULES if "core" in module.relative_to(ROOT).parts]
TESTS = sorted(module for module in (ROOT / "tests").rglob("test_*.py"))
IMPURE = {"now", "utcnow", "today", "uuid4", "open", "print", "input", "urandom", "sleep", "getenv"}
VAGUE = {
    "manager",
    "helper",
    "util",
    "utils",
    "handler",
    "processor",
    "service",
    "data",
    "info",
    "base",
    "common",
    "misc",
}
SMALL = {"machine.py": 250, "call_runtime.py": 250, "app.py": 250}
KINDS = {"unit", "scenario", "golden", "integration"}


def name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_module_fits_on_a_few_screens_and_says_what_it_is(module):
    assert len(module.read_text().splitlines()) <= SMALL.get(module.name, 400)
    parsed = tree(module)
    assert not parsed.body or ast.get_docstring(parsed), "a one-line docstring heads every module"
    # the field's own word, which is in the glossary
    words = module.name.replace("service_level", "level")
    assert not VAGUE & set(re.split(r"[_.]", words)), "a name that says nothing"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_functions_fit_on_a_screen_and_classes_have_names_that_say_something(module):
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} is longer than a screen"
        if isinstance(node, ast.ClassDef):
            words = {word.lower() for word in re.findall("[A-Z][a-z]+", node.name)}
            assert not VAGUE & words, node.name


@pytest.mark.parametrize("module", CORE, ids=name)
def test_core_does_nothing_impure(module):
    parsed = tree(module)
    calls = [node.func for node in ast.walk(parsed) if isinstance(node, ast.Call)]
    called = {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}
    assert not called & IMPURE
    assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(parsed))


@pytest.mark.parametrize("module", CORE, ids=name)
def test_core_needs_the_standard_library_only(module):
    import sys

    for node in ast.walk(tree(module)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for imported in names:
            package = imported.split(".")[0]
            assert package in sys.stdlib_module_names or imported.startswith(("clinicpbx.core", "clinicpbx.private"))


@pytest.mark.parametrize("module", TESTS, ids=name)
def test_every_test_module_declares_one_kind(module):
    assert len(module.read_text().splitlines()) <= 600
    marks = [ast.unparse(node) for node in tree(module).body if ast.unparse(node).startswith("pytestmark")]
    kinds = re.findall(r"pytest\.mark\.(\w+)", "".join(marks))
    assert len(set(kinds) & KINDS) == 1
    assert module.parts[len(ROOT.parts) + 1] == (set(kinds) & KINDS).pop()


def test_gpl_libraries_stay_in_a_process_of_their_own():
    users = [module for module in MODULES if re.search(r"^\s*(import|from) pjsua2", module.read_text(), re.M)]
    assert [module.name for module in users] == ["softphone.py"]


def test_no_context_ever_calls_asterisks_own_voicemail():
    for template in (ROOT / "dialplan_templates").iterdir():
        lines = [line.split(";")[0] for line in template.read_text().splitlines()]
        assert not re.search(r"\bVoiceMail(Main)?\(", "\n".join(lines), re.I), template.name
