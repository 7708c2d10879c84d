"""The example clinic as Asterisk's files; `python -m tests.support.golden` rewrites tests/golden/harbor."""

from datetime import date
from pathlib import Path

from jinja2 import FileSystemLoader

from clinicpbx.rules.compile import read_rules
from clinicpbx.rules.render import Place, render

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "harbor"
HARBOR = ROOT / "examples" / "harbor" / "clinic.yaml"
HOME = Path("/var/lib/clinicpbx")
REWRITE = "python -m tests.support.golden"
TODAY = date(2026, 11, 24)
TEMPLATES = FileSystemLoader(ROOT / "dialplan_templates")


def rendered() -> dict[str, str]:
    """File name → text, for an instance where production has it, with passwords that are none."""
    rules = read_rules(HARBOR, TODAY, "000001")
    secrets = {extension: f"password-of-{extension}" for extension in rules.document.phones}
    return render(rules, Place(HOME, "000001", TODAY, secrets), TEMPLATES)


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, text in rendered().items():
        (GOLDEN / name).write_text(text)
