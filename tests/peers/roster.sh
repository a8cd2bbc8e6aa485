#!/usr/bin/env bash
# Rosters as PyPI's `icalendar` and `recurring-ical-events` read them: 650 calendars that a seeded generator wrote, and what Outlook,
# Exchange, Google, Apple and others export. Each is equal, or refused with a reason; the shares are printed.
. "$(dirname "$0")/lib.sh"
need_pip icalendar==7.3.2 recurring-ical-events==3.8.2
scratch
"$PYTHON" tests/peers/roster/generate.py "$DIR/made" 650 "${ROSTER_SEED:-1}" || fail "the generator wrote nothing"
cp -r tests/peers/roster/programs "$DIR/programs"
export VARDKASE_PEER_ROSTERS="$DIR/made:$DIR/programs"
cargo_it peers::roster:: || fail "see above"
"$PYTHON" tests/peers/roster/judge.py "$DIR/programs" 0 || fail "what other programs export is read otherwise"
"$PYTHON" tests/peers/roster/judge.py "$DIR/made" 20 || fail "seed ${ROSTER_SEED:-1}: see $DIR/made"
