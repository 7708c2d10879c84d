"""What phones may dial to the outside: patterns, and the number each of them means."""

from collections.abc import Mapping
from typing import Any

from clinicpbx.rules import quoting
from clinicpbx.rules.document import Document
from clinicpbx.rules.views import clinic_number

# Area codes of the North American plan outside the United States and Canada (NANPA): priced as international.
FAR = (242, 246, 264, 268, 284, 345, 441, 473, 649, 658, 664, 721, 758, 767, 784, 809, 829, 849, 868, 869, 876)
PREMIUM = (900,)


def outbound_view(document: Document) -> Mapping[str, Any]:
    """Routes by pattern, and who may use them; no routes without `outbound` or without a trunk."""
    rules = document.outbound
    if rules is None or not document.trunks:
        return {
            "routes": [],
            "may": {},
            "far": [],
            "never": [],
            "caller_id": clinic_number(document),
            "country_code": "",
            "chosen": [],
            "ways": [],
        }
    code, prefix = quoting.digits(rules.country_code), quoting.digits(rules.international_prefix)
    american = code == "1"
    routes = _american(clinic_number(document)) if american else _elsewhere(code)
    routes += [_route("international", f"_{prefix}X.", "+", len(prefix)), _route("international", "_+X.", "", 0)]
    allowed = {phone: rules.allow for phone, rules in document.phones.items()}
    return {
        "routes": routes,
        "may": {
            "local": [quoting.digits(p) for p, allow in allowed.items() if allow in ("local", "international")],
            "international": [quoting.digits(p) for p, allow in allowed.items() if allow == "international"],
        },
        "far": [f"+1{npa}" for npa in FAR] if american else [],
        "never": [f"+1{npa}" for npa in PREMIUM] if american else [],
        "caller_id": clinic_number(document),
        "country_code": code,
        "shortest": rules.shortest,
        "most": rules.longest + len(prefix) + 1,
        "chosen": _chosen(document),
        "ways": _ways(document),
    }


def _chosen(document: Document) -> list[Mapping[str, Any]]:
    """The beginnings of numbers that go another way, the longest first, and the context of each."""
    assert document.outbound is not None
    found = [
        {
            "begins": begins,
            "length": len(begins),
            "context": "cpbx-refused" if route.allow == "nobody" else f"cpbx-route-{quoting.name(name)}",
            "route": name,
        }
        for name, route in document.outbound.routes.items()
        for begins in map(quoting.digits, route.begins)
    ]
    return sorted(found, key=lambda one: (-one["length"], one["begins"]))


def _ways(document: Document) -> list[Mapping[str, Any]]:
    """Every order in which trunks are tried: the usual one, and that of each route with the permission it needs."""
    assert document.outbound is not None
    trunks = list(document.trunks)
    routes = {name: route for name, route in document.outbound.routes.items() if route.allow != "nobody"}
    return [
        {"context": "cpbx-trunks", "allow": "", "trunks": trunks},
        *(
            {"context": f"cpbx-route-{quoting.name(name)}", "allow": route.allow, "trunks": route.trunks or trunks}
            for name, route in routes.items()
        ),
    ]


def _american(own: str) -> list[Mapping[str, Any]]:
    """Seven digits belong to the clinic's own area code; ten and eleven are whole numbers."""
    seven = [_route("local", "_NXXXXXX", own[:5], 0)] if own.startswith("+1") else []
    return [
        *seven,
        _route("local", "_NXXNXXXXXX", "+1", 0),
        _route("local", "_1NXXNXXXXXX", "+", 0),
        _route("local", "_+1NXXNXXXXXX", "", 0),
    ]


def _elsewhere(code: str) -> list[Mapping[str, Any]]:
    return [
        _route("local", "_0ZX.", f"+{code}", 1),
        _route("local", "_ZXX.", f"+{code}", 0),
        _route("local", f"_+{code}X.", "", 0),
    ]


def _route(kind: str, pattern: str, before: str, cut: int) -> Mapping[str, Any]:
    return {"kind": kind, "pattern": pattern, "before": before, "cut": cut}
