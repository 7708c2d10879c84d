"""After a change of the rules: the daemon is told, every entry is tested, and the person reads where things are."""

from clinicpbx.cli.output import say
from clinicpbx.daemon.apply import Outcome
from clinicpbx.daemon.control_client import ask_daemon, tell_daemon
from clinicpbx.paths import Instance


def tell_change(instance: Instance, outcome: Outcome, test: bool) -> str:
    """Does not wait for the self-test. Returns what the audit log says of the rules now in force."""
    for line in (*outcome.warnings, *outcome.changes):
        say(line)
    told = tell_daemon(instance, {"do": "rules.reload"})
    where = "Asterisk has it" if outcome.loaded else "Asterisk does not run: it will load it at its start"
    daemon = "" if told else "; the daemon does not run: it will read it at its start"
    say(f"version {outcome.version} {'is' if outcome.changed else 'was already'} in force; {where}{daemon}")
    if test and told and outcome.loaded:
        entries = ask_daemon(instance, {"do": "selftest.begin"})
        say(f"the self-test of {entries} entries has begun; what it finds: clinicpbx selftest list")
    return outcome.fingerprint(instance)
