# SPDX-License-Identifier: Apache-2.0
# Installs what tools/packages.txt names and this machine lacks. Sourced after common.sh.
# shellcheck shell=bash

# have_command WORD: a program on PATH, or WORD>=N for a program whose --version begins with at least that.
have_command() {
    local name="${1%%>=*}" wanted="${1#*>=}" found
    have "$name" || return 1
    [ "$name" != "$1" ] || return 0
    found="$("$name" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)*' | head -n 1)" || return 1
    [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]
}

# Prints the packages of the given sections that are not there.
missing_packages() {
    local section="" line name commands word package
    local -a candidates=()
    while IFS= read -r line; do
        line="${line%%#*}"
        case "$line" in
        "["*"]"*)
            section="${line#[}"
            section="${section%%]*}"
            continue
            ;;
        esac
        name="$(echo "${line%%|*}" | tr -d '[:space:]')"
        [ -n "$name" ] || continue
        case " $* " in *" $section "*) ;; *) continue ;; esac
        commands=""
        case "$line" in *"|"*) commands="${line#*|}" ;; esac
        local satisfied=0
        if [ -n "${commands// /}" ]; then
            satisfied=1
            for word in $commands; do
                have_command "$word" || satisfied=0
            done
        fi
        [ "$satisfied" -eq 1 ] || candidates+=("$name")
    done <"$BERTH_ROOT/tools/packages.txt"
    [ "${#candidates[@]}" -gt 0 ] || return 0
    local installed
    # shellcheck disable=SC2016 # the ${} are dpkg-query's own
    installed="$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${candidates[@]}" 2>/dev/null |
        sed -n 's/ installed$//p')" || true
    for package in "${candidates[@]}"; do
        grep -qxF -- "$package" <<<"$installed" || printf '%s\n' "$package"
    done
}

# Debian starts a server when its package is installed. A test needs the program only, and nobody asked for an
# open sshd on this machine: whatever we brought in for tests is kept from starting, now and at the next boot.
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" >&2
}

apt_install_quietly() {
    local policy=/usr/sbin/policy-rc.d made=0 code=0 unit
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 0755 "$policy"
        made=1
    fi
    apt_install "$@" || code=$?
    [ "$made" -eq 0 ] || as_root rm -f "$policy"
    if have systemctl; then
        for unit in ssh nginx; do
            case " $* " in *" $unit-light "* | *" open$unit-server "*) as_root systemctl --quiet disable "$unit" || true ;; esac
        done
    fi
    return "$code"
}

# install_packages INSTALL SECTION...; INSTALL is 1, or 0 to tell only.
install_packages() {
    local install="$1" missing
    shift
    missing="$(missing_packages "$@")"
    [ -n "$missing" ] || return 0
    if [ "$install" -eq 0 ]; then
        note "not installed (as asked with --no-install): ${missing//$'\n'/ }"
        return 0
    fi
    have apt-get || fail "this is not Debian; please install the counterparts of: ${missing//$'\n'/ }"
    say "installing $(wc -l <<<"$missing") packages"
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 ||
        note "apt-get update failed; trying with the lists that are there"
    local -a names
    mapfile -t names <<<"$missing"
    case " $* " in
    *" test "*) apt_install_quietly "${names[@]}" ;;
    *) apt_install "${names[@]}" ;;
    esac || fail "installing failed: ${missing//$'\n'/ }"
}
