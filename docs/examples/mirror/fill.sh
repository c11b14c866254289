#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Copies the apps and runtimes that flatpak has fetched from a remote into the repository `repo` of this folder. The commits stay
# as they are, with their signatures. Options after the name are for `flatpak build-update-repo`:
#
#     fill.sh REMOTE [--gpg-sign=KEY…]
set -eu

remote=$1
shift
from=${FLATPAK_USER_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/flatpak}/repo
[ -d repo ] || ostree init --repo=repo --mode=archive

for ref in $(ostree refs --repo="$from" | sed -n "s/^$remote://p" | grep -E '^(app|runtime)/'); do
    commit=$(ostree rev-parse --repo="$from" "$remote:$ref")
    ostree pull-local --repo=repo "$from" "$commit"
    ostree refs --repo=repo --force --create="$ref" "$commit"
done
flatpak build-update-repo --generate-static-deltas "$@" repo
