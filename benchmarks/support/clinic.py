"""A clinic for load: one number to a ClinicPBX queue, one to app_queue, and the same agents behind both."""

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import FileSystemLoader

from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.rules.compile import read_rules
from clinicpbx.rules.render import Place, render
from clinicpbx.settings import read_settings
from tests.support.bed import Bed
from tests.support.crowd import at_fixed_addresses

TEMPLATES = Path(__file__).parents[2] / "dialplan_templates"
OURS, THEIRS = "+12075550100", "+12075550200"
FIRST_PHONE = 1001

RULES = """\
clinic: {{name: Bench}}
languages: {{en: English}}
sites: {{main: {{timezone: UTC}}}}
locations:
  desk: {{elin: "+12075550199", address: {{street: 1 Main St, city: Portland, state: ME, postal_code: "04101"}}}}
trunks: {{line: {{host: {trunk}, channels: 10000}}}}
phones:
{phones}
dids:
  "{did}": {{name: Main line, flow: main, fallback: {{queue: desk, mailbox: desk}}}}
mailboxes: {{desk: {{title: Front desk}}}}
outbound: {{caller_id: "{did}"}}
queues: {{desk: {{ring: 20s, wrap_up: 0s}}}}
agents:
{agents}
flows:
  main:
    steps:
      desk: {{enqueue: {{queue: desk, limit: 60s}}, next: {{overflow: bye, unstaffed: bye}}}}
      bye: {{hangup: }}
"""

APP_QUEUE = """\
[bench]
strategy = leastrecent
ringinuse = no
autofill = yes
timeout = 20
wrapuptime = 0
musicclass = default
"""

DIALPLAN = f"""\
[cpbx-from-trunk-custom]
exten => {THEIRS},1,Goto(bench,{THEIRS},1)

[bench]
{{arrival}}
 same => n,Queue(bench,,,,60)
 same => n,Hangup()
"""


def open_clinic(bed: Bed, agents: int, trunk: str, desks: str) -> None:
    """Rules in force, both queues ready. The callers are at *trunk*; the agents' phones at *desks* do not register."""
    _settle(bed)
    make_root_key(bed.instance)
    numbers = [str(FIRST_PHONE + n) for n in range(agents)]
    phones = "\n".join(f'  "{number}": {{name: Desk {number}, location: desk}}' for number in numbers)
    staff = "\n".join(f'  a{number}: {{name: A {number}, phone: "{number}", queues: [desk]}}' for number in numbers)
    folder = bed.instance.versions / "000001"
    (folder / "rules").mkdir(parents=True)
    written = folder / "rules" / "clinic.yaml"
    written.write_text(RULES.format(trunk=trunk, did=OURS, phones=phones, agents=staff))
    today = datetime.now(UTC).date()
    rules = read_rules(written, today, "000001", in_force=True)
    place = Place(bed.instance.home, "000001", today, dict.fromkeys(numbers, "a-password-of-a-bench"))
    files = render(rules, place, FileSystemLoader(TEMPLATES))
    files["pjsip.conf"] = at_fixed_addresses(files["pjsip.conf"], desks)
    for name, text in files.items():
        (bed.instance.generated / name).write_text(text)
    bed.instance.current.symlink_to("000001")
    custom = bed.instance.asterisk_etc / "custom.d"
    members = "".join(f"member => PJSIP/phone-{number}\n" for number in numbers)
    (custom / "queues.conf").write_text(APP_QUEUE + members)
    (custom / "extensions.conf").write_text(_same_arrival(files["extensions.conf"]))
    for command in ("module reload res_pjsip.so", "dialplan reload", "module reload app_queue.so"):
        bed.rx(command)


def _same_arrival(rendered: str) -> str:
    """app_queue's number, whose calls arrive by the steps that ClinicPBX renders for its own, but for the heartbeat."""
    lines = rendered.partition("[cpbx-arrive]")[2].splitlines()
    ours = lines[1 : next(n for n, line in enumerate(lines) if "Stasis(" in line)]
    arrival = "\n".join(line for line in ours if "CPBX_HB" not in line)
    return DIALPLAN.format(arrival=arrival.replace(OURS, THEIRS))


def _settle(bed: Bed) -> None:
    """The settings of a clinic at work, where a test bed logs all and has few RTP ports; Asterisk starts again."""
    bed.programs.pop("asterisk").stop()
    unlike = ("CLINICPBX_LOG_LEVEL", "CLINICPBX_RTP")
    kept = [line for line in bed.instance.settings.read_text().splitlines() if not line.startswith(unlike)]
    more = ["CLINICPBX_LOG_LEVEL=info", "CLINICPBX_RTP_START=32000", "CLINICPBX_RTP_END=39998"]
    bed.instance.settings.write_text("\n".join([*kept, *more, ""]))
    bed.settings = read_settings(bed.instance)
    bed.start_asterisk()


def staff(bed: Bed) -> int:
    """Log every agent in; how many are free."""
    for row in ask_daemon(bed.instance, {"do": "agents"}):
        if not row["logged_in"]:
            ask_daemon(bed.instance, {"do": "agent.login", "agent": row["agent"]})
    return sum(row["state"] == "free" for row in ask_daemon(bed.instance, {"do": "agents"}))
