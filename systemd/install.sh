#!/bin/sh
# Install ClinicPBX's units for the instance in /var/lib/clinicpbx. Safe to run again; starts nothing.
#
#   systemd/install.sh [--dry-run] [--root FOLDER]
#
#   --dry-run      say what would be done, and do nothing
#   --root FOLDER  install below FOLDER, for a package or an image
# Exit codes: 0 done, 1 failed, 2 usage, 77 not root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
dry='' root=''
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) dry=yes ;;
        --root) [ $# -gt 1 ] || { echo "install.sh: --root needs a folder" >&2; exit 2; }; root=${2%/}; shift ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        *) echo "install.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
    esac
    shift
done
stop() { echo "install.sh: $2" >&2; exit "$1"; }
[ -n "$dry$root" ] || [ "$(id -u)" = 0 ] || stop 77 "run it as root"
case $top in
    /home/* | /root/* | /tmp/*)
        [ -n "$dry$root" ] || stop 1 "$top is hidden from services: keep ClinicPBX elsewhere, such as /opt/clinicpbx" ;;
esac

# put FILE TARGET: copy, with this checkout's folder and Asterisk's; only where it differs.
put() {
    text=$(sed -e "s|/opt/clinicpbx/|$top/|g" -e "s|^RootDirectory=.*|RootDirectory=$asterisk_root|" "$1")
    if [ -f "$root$2" ] && [ "$(cat "$root$2")" = "$text" ]; then return 0; fi
    echo "${dry:+would write }$root$2"
    [ -z "$dry" ] || return 0
    mkdir -p "$(dirname "$root$2")"
    printf '%s\n' "$text" >"$root$2.new"
    chmod 644 "$root$2.new"
    mv "$root$2.new" "$root$2"
}
run() {
    [ -z "$root" ] || return 0
    if [ -n "$dry" ]; then echo "would run $*"; else "$@"; fi
}

asterisk_root=$(cat "$top/.venv/asterisk-root" 2>/dev/null || true)
units=/etc/systemd/system
for unit in "$here"/clinicpbx*.service "$here"/clinicpbx.target; do put "$unit" "$units/${unit##*/}"; done
case $asterisk_root in
    '') put "$here/asterisk/host.conf" "$units/clinicpbx-asterisk.service.d/where.conf" ;;
    *) put "$here/asterisk/root.conf" "$units/clinicpbx-asterisk.service.d/where.conf" ;;
esac
put "$here/sysusers.conf" /etc/sysusers.d/clinicpbx.conf
put "$here/tmpfiles.conf" /etc/tmpfiles.d/clinicpbx.conf
run systemd-sysusers
run systemd-tmpfiles --create /etc/tmpfiles.d/clinicpbx.conf
run systemctl daemon-reload
echo "Next: clinicpbx --home /var/lib/clinicpbx prepare --example harbor, edit rules/clinic.yaml, clinicpbx rules apply," \
    "systemctl enable --now clinicpbx.target" >&2
