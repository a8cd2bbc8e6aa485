#!/bin/bash
# A disk that is really full: a small tmpfs of its own holds the state folder, something else fills it, and the journal goes on
# in its reserve until that is used up too; then nothing more counts, and nothing that counted is lost. Needs root to mount.
. tests/peers/lib.sh
scratch
mkdir -p "$DIR/small"
mount -t tmpfs -o size=12m,mode=0700 vardkase-small "$DIR/small" || fail "no small disk could be mounted: run as root"
trap 'umount "$DIR/small" 2>/dev/null || true' EXIT
VARDKASE_SMALL_DISK="$DIR/small" cargo test -q --locked --lib -- --ignored --exact journal::tests::store::a_reserve_carries_on_a_disk_that_is_really_full
echo "ok: the reserve carried the journal on a full disk, and what was confirmed is whole"
