#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Process 1 of a lab host, in mount, network, process and host name spaces of its own. The host lives as long as
# somebody holds the other end of standard input: when the lab dies, however it dies, the kernel ends all of it.
# usage: host_init.sh FOLDER NAME DATA_SIZE
set -euo pipefail
folder="$1" name="$2" data_size="$3"

mount --make-rprivate /
hostname "$name"
ip link set lo up
mount -t tmpfs -o "size=$data_size,mode=711" data "$folder/data"
# The usual places, so that programs find this host's engine and nothing of the machine's.
mkdir -p "$folder/run/sshd" "$folder/run/lock"
mount --bind "$folder/etc" /etc/docker
mount --bind "$folder/home" /root
mount --bind "$folder/run" /run

echo up
# bash also reaps what its children leave behind, as process 1 must.
while read -r _; do :; done
