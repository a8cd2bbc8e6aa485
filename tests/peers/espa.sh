#!/usr/bin/env bash
# ESPA 4.4.4 on a serial line: two joined ptys, at the far one the paging system of PyPI's digimat-espa; the calls that it
# reports, put together, are the canonical text byte for byte.
. "$(dirname "$0")/lib.sh"
need_deb socat
need_pip digimat-espa==0.1.17
scratch
socat "pty,raw,echo=0,link=$DIR/near" "pty,raw,echo=0,link=$DIR/far" >"$DIR/socat.log" 2>&1 &
started $!
for _ in $(seq 50); do [ -e "$DIR/near" ] && [ -e "$DIR/far" ] && break; sleep 0.1; done
[ -e "$DIR/far" ] || fail "socat makes no ptys (see $DIR/socat.log)"
"$PYTHON" tests/peers/paging/espa.py "$(realpath "$DIR/far")" "$DIR/calls" >"$DIR/espa.log" 2>&1 &
started $!
for _ in $(seq 100); do grep -q up "$DIR/espa.log" && break; sleep 0.1; done
grep -q up "$DIR/espa.log" || fail "the paging system does not come up (see $DIR/espa.log)"
VARDKASE_PEER_ESPA=$(realpath "$DIR/near")
export VARDKASE_PEER_ESPA VARDKASE_PEER_ESPA_CALLS=$DIR/calls
cargo_it peers::paging::a_paging_system || fail "see above, $DIR/espa.log and $DIR/calls"
