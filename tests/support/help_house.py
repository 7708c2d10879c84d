"""A clinic for dangerous calls: emergency, toll fraud, the fallback. Its carrier, its callers and its desks."""

from datetime import UTC, datetime, timedelta

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed
from tests.support.clinic_bed import Clinic
from tests.support.sound import tone

OPEN, CLOSED, OUTSIDE = "+12075550100", "+12075550101", "2075559999"
ELIN = "+12075550199"
RULES = """\
clinic: {{name: Test Clinic}}
languages: {{en: English}}
sites: {{main: {{timezone: UTC}}}}
hours:
  shut:
    open: {{mon-fri: 08:00-17:00}}
    exceptions: [{{from: FIRST, to: LAST, closed: true, reason: a test}}]
locations:
  desk:
    elin: "+12075550199"
    address: {{street: 1 Main St, city: Portland, state: ME, postal_code: "04101", floor: "2", room: Lab}}
trunks: {{line: {{host: {trunk}, channels: 1}}}}
phones:
  "201": {{name: Desk one, location: desk, mailbox: desk, allow: local}}
  "202": {{name: Desk two, location: desk, allow: international}}
emergency: {{notify: ["202"]}}
dids:
  "{did}": {{name: Main line, flow: main, fallback: {{queue: desk, mailbox: desk}}}}
  "+12075550101": {{name: Night line, flow: main, fallback: {{queue: desk, mailbox: desk, hours: shut}}}}
extensions: {{"300": {{queue: desk}}}}
mailboxes: {{desk: {{title: Front desk}}}}
outbound: {{caller_id: "{did}"}}
queues: {{desk: {{ring: 5s, wrap_up: 0s}}}}
agents:
  ana: {{name: Ana, phone: "201", queues: [desk]}}
prompts:
  fallback: {{en: Leave a message}}
  fallback-thanks: {{en: Thank you}}
flows:
  main:
    steps:
      pick_up: {{answer: , then: desk}}
      desk: {{enqueue: {{queue: desk, limit: 5m}}, next: {{overflow: bye, unstaffed: bye}}}}
      bye: {{hangup: }}
"""


class HelpHouse(Clinic):
    """The clinic in force; the phone at the trunk's address is the carrier and every caller from outside."""

    def __init__(self, bed: Bed) -> None:
        today = datetime.now(UTC).date()
        text = RULES.replace("FIRST", str(today - timedelta(1))).replace("LAST", str(today + timedelta(1)))
        super().__init__(bed, text)
        for name in ("fallback", "fallback-thanks"):
            tone(self.instance.prompts / "en" / f"{name}.wav", 600, 0.4)

    async def carrier(self, phones: Phones) -> Phone:
        return await phones.phone("carrier", self.trunk, 5060, raw=True, auto_answer={"after": 0})

    async def reaches_help(self, desk: Phone, carrier: Phone, told: Phone, dialled: str = "911") -> None:
        """*desk* dials *dialled*: the carrier gets it with the location, *told* rings meanwhile."""
        number = dialled[-3:]
        mine = await desk.call(f"sip:{dialled}@{self.bed.sip}")
        invite = str((await carrier.expect("incoming", 15))["raw"])
        assert invite.startswith(f"INVITE sip:{number}@")
        assert ELIN in next(line for line in invite.splitlines() if line.startswith("From:"))
        assert "Geolocation:" in invite
        assert "<ca:FLR>2</ca:FLR>" in invite.replace("gp:", "").replace("cl:", "ca:"), invite
        await desk.expect("connected", 10, call=mine)
        assert "EMERGENCY" in str((await told.expect("incoming", 15))["display"])
        await told.hangup()
        await desk.hangup(call=mine)
        await carrier.expect("disconnected")
