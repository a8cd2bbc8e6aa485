#!/usr/bin/env bash
# What programs read of the public page, for every shipped playbook in every state: CAP against the schema of OASIS (xmllint) and as
# PyPI's `capparselib` reads it, Atom as `feedparser` does, JSON against our schema, HTML by a strict parser (`html5lib`) and as browsers show it
# that know neither style nor script. The text that each reads is the text that was approved.
. "$(dirname "$0")/lib.sh"
need_deb libxml2-utils lynx w3m links
need_pip feedparser==6.0.14 html5lib==1.1 jsonschema==4.26.0 lxml==6.1.3 python-dateutil==2.8.2
scratch
# It names a release of lxml that no longer builds; it reads with today's.
"$PYTHON" -m pip install -q --disable-pip-version-check --no-deps capparselib==0.6.6 || fail "PyPI's capparselib can't be installed"
export VK_FEEDS="$DIR/site"
cargo_it every_feed_to_a_folder || fail "the feeds can't be written"
find "$DIR/site" -name '*.xml' -print0 | xargs -0 xmllint --noout --nonet --schema tests/peers/feeds/CAP-v1.2.xsd 2>"$DIR/xmllint.log" ||
    fail "CAP is not valid: $(grep -v ' validates$' "$DIR/xmllint.log" | head -5)"
printf 'ok feeds: %s CAP files are valid\n' "$(grep -c ' validates$' "$DIR/xmllint.log")"
"$PYTHON" tests/peers/feeds/judge.py "$DIR/site" docs/operate/state.schema.json || fail "see above"
"$PYTHON" tests/peers/feeds/old.py "$DIR/site" || fail "see above"
