#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Firewall rules of a host that runs desktops, for all interfaces whose name begins with "brth":
#   to the host itself     nothing new (answers to what the host began pass)
#   forwarded              not to link-local addresses (cloud metadata), not to other desktops
# The internet stays open; --deny-private closes the private ranges too, except for the resolvers in use.
# Own chains only: BERTH-INPUT from INPUT, BERTH-FORWARD from DOCKER-USER. Repeating changes nothing.
# usage: tools/host_prepare.sh print|apply|check|remove [--deny-private]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

readonly bridges="brth+"
readonly wait_for_lock=10
deny_private=0

# rules_of FAMILY (4 or 6): the contents of our chains, in the language of iptables-restore.
rules_of() {
    local metadata private address
    echo '*filter'
    echo ':BERTH-INPUT - [0:0]'
    echo ':BERTH-FORWARD - [0:0]'
    echo '-A BERTH-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    if [ "$1" = 4 ]; then
        metadata="169.254.0.0/16"
        private="10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10"
    else
        metadata="fd00:ec2::254/128 fe80::/10"
        private="fc00::/7"
        # Without neighbour discovery a bridge has no IPv6 at all; it never leaves the link.
        for address in 133 134 135 136; do
            echo "-A BERTH-INPUT -p ipv6-icmp -m icmp6 --icmpv6-type $address -j ACCEPT"
        done
    fi
    echo '-A BERTH-INPUT -j DROP'
    echo '-A BERTH-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN'
    echo "-A BERTH-FORWARD -o $bridges -j DROP"
    for address in $metadata; do
        echo "-A BERTH-FORWARD -d $address -j DROP"
    done
    if [ "$deny_private" -eq 1 ]; then
        for address in $(resolvers "$1"); do
            echo "-A BERTH-FORWARD -d $address -p udp -m udp --dport 53 -j RETURN"
            echo "-A BERTH-FORWARD -d $address -p tcp -m tcp --dport 53 -j RETURN"
        done
        for address in $private; do
            echo "-A BERTH-FORWARD -d $address -j DROP"
        done
    fi
    echo 'COMMIT'
}

# A container asks the host's resolvers directly; loopback ones are asked by the engine on its behalf.
resolvers() {
    local kind='^[0-9.]+$' length=32
    [ "$1" = 4 ] || { kind=':' && length=128; }
    awk '$1 == "nameserver" { print $2 }' /etc/resolv.conf 2>/dev/null |
        grep -E "$kind" | grep -vE '^(127\.|::1$|fe80:)' | sed "s:\$:/$length:" || true
}

tables() { # tables FAMILY ARGS...
    local family="$1"
    shift
    if [ "$family" = 4 ]; then
        as_root iptables -w "$wait_for_lock" "$@"
    else
        as_root ip6tables -w "$wait_for_lock" "$@"
    fi
}

restore() {
    if [ "$1" = 4 ]; then
        as_root iptables-restore -w "$wait_for_lock" --noflush
    else
        as_root ip6tables-restore -w "$wait_for_lock" --noflush
    fi
}

# IPv6 counts where its tables work; a kernel without them routes no IPv6 for a desktop either.
families() {
    echo 4
    ! { have ip6tables && tables 6 -S INPUT >/dev/null 2>&1; } || echo 6
}

has_chain() { tables "$1" -S "$2" >/dev/null 2>&1; }

# The chain that forwarded traffic passes before the engine's own rules. For IPv6 Docker makes it only where its
# ip6tables are on.
forward_hook() {
    if [ "$1" = 4 ] || has_chain "$1" DOCKER-USER; then echo DOCKER-USER; else echo FORWARD; fi
}

# put_first FAMILY CHAIN TARGET: our jump is the first rule of CHAIN, once. Inserted before stale ones are taken
# away, so that there is no moment without.
put_first() {
    local family="$1" chain="$2" target="$3" number
    [ "$(tables "$family" -S "$chain" 1)" = "-A $chain -i $bridges -j $target" ] ||
        tables "$family" -I "$chain" 1 -i "$bridges" -j "$target"
    for number in $(jumps "$family" "$chain" "$target" | sort -rn); do
        [ "$number" -eq 1 ] || tables "$family" -D "$chain" "$number"
    done
}

# The positions of all rules of CHAIN that jump to TARGET.
jumps() { tables "$1" -S "$2" | grep '^-A ' | grep -n -- "-j $3\$" | cut -d: -f1 || true; }

apply() {
    local family
    have iptables || fail "iptables is not installed"
    for family in $(families); do
        rules_of "$family" | restore "$family"
        # Docker makes the chain when it starts, and keeps one that is there.
        if [ "$family" = 4 ] && ! has_chain 4 DOCKER-USER; then
            tables 4 -N DOCKER-USER
            tables 4 -A DOCKER-USER -j RETURN
            tables 4 -I FORWARD 1 -j DOCKER-USER
        fi
        put_first "$family" INPUT BERTH-INPUT
        put_first "$family" "$(forward_hook "$family")" BERTH-FORWARD
    done
}

remove() {
    local family chain target number
    for family in $(families); do
        for chain in INPUT FORWARD DOCKER-USER; do
            has_chain "$family" "$chain" || continue
            for target in BERTH-INPUT BERTH-FORWARD; do
                for number in $(jumps "$family" "$chain" "$target" | sort -rn); do
                    tables "$family" -D "$chain" "$number"
                done
            done
        done
        for target in BERTH-INPUT BERTH-FORWARD; do
            has_chain "$family" "$target" || continue
            tables "$family" -F "$target"
            tables "$family" -X "$target"
        done
    done
}

complain() {
    printf 'missing: %s\n' "$*"
    complaints=1
}

# Says what is missing. With --deny-private its rules count too, without they may be there or not.
check() {
    local family rule chain target
    complaints=0
    have iptables || fail "iptables is not installed"
    for family in $(families); do
        while IFS= read -r rule; do
            # shellcheck disable=SC2086 # the rule is words
            tables "$family" -C ${rule#-A } 2>/dev/null || complain "IPv$family $rule"
        done < <(rules_of "$family" | grep '^-A')
        for target in BERTH-INPUT BERTH-FORWARD; do
            chain=INPUT
            [ "$target" = BERTH-INPUT ] || chain="$(forward_hook "$family")"
            [ "$(tables "$family" -S "$chain" 1 2>/dev/null)" = "-A $chain -i $bridges -j $target" ] ||
                complain "IPv$family first rule of $chain: -i $bridges -j $target"
        done
    done
    [ "$complaints" -eq 0 ] && echo "the rules for $bridges are in place"
}

# What apply does, as commands to read or to paste into a root shell.
print_commands() {
    local family program
    for family in 4 6; do
        program="iptables"
        [ "$family" = 4 ] || program="ip6tables"
        printf "%s-restore --noflush <<'RULES'\n%s\nRULES\n" "$program" "$(rules_of "$family")"
        printf '%s -C INPUT -i %s -j BERTH-INPUT 2>/dev/null || %s -I INPUT 1 -i %s -j BERTH-INPUT\n' \
            "$program" "$bridges" "$program" "$bridges"
        local hook=DOCKER-USER
        [ "$family" = 4 ] || hook=FORWARD
        printf '%s -C %s -i %s -j BERTH-FORWARD 2>/dev/null || %s -I %s 1 -i %s -j BERTH-FORWARD\n' \
            "$program" "$hook" "$bridges" "$program" "$hook" "$bridges"
    done
}

verb="${1:-}"
[ $# -eq 0 ] || shift
for word in "$@"; do
    case "$word" in
    --deny-private) deny_private=1 ;;
    *) fail "unknown argument '$word'" ;;
    esac
done
case "$verb" in
print) print_commands ;;
apply) apply ;;
check) check ;;
remove) remove ;;
*) fail "usage: tools/host_prepare.sh print|apply|check|remove [--deny-private]" ;;
esac
