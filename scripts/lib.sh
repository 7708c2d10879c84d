# shellcheck shell=bash
# Shared by the scripts: where things are, how a script speaks and how it stops. Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$top/.venv
state=$venv/setup          # stamps of what scripts/setup has done

say() { printf '%s\n' "$*"; }

# stop CODE WHAT: one line on standard error. 1 unsupported or failed, 69 something cannot be reached, 77 not permitted.
stop() {
    local code=$1
    shift
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "$code"
}

# at_least 22.10.1 VERSION: true where VERSION is the same or newer.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# stamped NAME VALUE: true where step NAME was last done for VALUE.
stamped() { [ "$(cat "$state/$1" 2>/dev/null)" = "$2" ]; }
stamp() { mkdir -p "$state" && printf '%s\n' "$2" >"$state/$1"; }

# The version of the Asterisk in the file system ROOT ("" is this machine's own), empty where there is none.
asterisk_version() {
    local text
    if [ -n "$1" ]; then
        [ -x "$1/usr/sbin/asterisk" ] || return 0
        if [ -r "$1/etc/asterisk-version" ]; then cat "$1/etc/asterisk-version"; return; fi   # needs no root
        text=$(chroot "$1" /usr/sbin/asterisk -V 2>/dev/null) || return 0
    else
        command -v asterisk >/dev/null || return 0
        text=$(asterisk -V 2>/dev/null) || return 0
    fi
    printf '%s\n' "$text" | sed -nE 's/^Asterisk (certified\/)?([0-9]+(\.[0-9]+)*).*/\2/p'
}
