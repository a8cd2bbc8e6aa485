#!/usr/bin/env bash
# Mails that came back, as many servers write them: the tests of PyPI's flufl.bounce hold over a hundred, and flufl.bounce itself judges
# which of them are failures, delays, or neither. None of them is kept here.
#
# They were collected by others, so none is about a mail of ours, and we take no word of a mail that is not. So the number of a mail
# of ours is put where the report quotes the mail that came back; where the collection has cut that copy out (“Message removed”), its
# headers are put back with our number in them. `bounces/collect.py` does it, and says of each mail which of the two. What is measured
# is thus whether a failure is known as one, not whether a server quotes our number. The same mails without it must all be left alone.
#
# Fails below 97 % of the failures that a machine can read, below 75 % of the others, and at the first delay or other mail that is
# taken for a failure. Each mail of which flufl.bounce and we think differently is listed.
. "$(dirname "$0")/lib.sh"
need_pip flufl.bounce
scratch
"$PYTHON" -m pip download -q --disable-pip-version-check --no-deps --no-binary flufl.bounce -d "$DIR" flufl.bounce >"$DIR/pip.log" 2>&1 ||
    fail "the source of PyPI's flufl.bounce can't be fetched (see $DIR/pip.log)"
mkdir "$DIR/source"
tar -xzf "$DIR"/flufl*bounce-*.tar.gz -C "$DIR/source" --strip-components=1
data=$(find "$DIR/source" -type d -path '*tests/data' | head -n 1)
[ -n "$data" ] || fail "the source of flufl.bounce has no tests/data any more"
export VARDKASE_PEER_IDS=$DIR/ids VARDKASE_PEER_BOUNCES=$DIR/mails
cargo_it peers::bounces::sample_ids_are_said || fail "see above"
mapfile -t ids <"$DIR/ids"
"$PYTHON" tests/peers/bounces/collect.py "$data" "$DIR/mails" "${ids[@]}"
cargo_it peers::bounces::what_came_back || fail "see above; the mails lie in $DIR/mails"
