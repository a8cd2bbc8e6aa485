#!/usr/bin/env bash
# Fax against HylaFAX (hfaxd, faxq, faxsend) with two software lines whose called parties are busy, do not answer, talk, drop
# the call, crackle, or know no error correction: each job ends in the right state with the right reason, after as many calls
# as it may make. What good machines received is read back by tesseract and zbarimg. A second server without any modem takes
# a thousand jobs.
#
#   bash tests/peers/fax_rig.sh        two minutes; prints a table of the ends, and what was measured
#
# Measured on 2 cores (the lines run eight times as fast as a telephone line):
#   one page, from release to the submitted job    49 ms with connection, login and upload; 0.5 to 0.8 ms over a connection
#                                                  that stands (the test fails over 200 ms)
#   from release to DONE as we tell it             9.6 s, of which HylaFAX prepares 5.6 s and calls 4.0 s
#   1 000 jobs queued at hfaxd                     0.54 s over 4 connections (1 850 jobs/s)
#   found again after a crash, none twice          0.10 s
#   all taken back                                 2.5 s
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fax/server.sh"

fax_packages
scratch
fax_readable

fax_spool "$DIR/spool"
fax_line_programs
fax_line_configs "$DIR/spool"
PORT=$(free_port)
fax_start "$DIR/spool" "$PORT"
fax_lines "$DIR/spool"

fax_spool "$DIR/quiet"
QUIET_PORT=$(free_port)
fax_start "$DIR/quiet" "$QUIET_PORT"

export VARDKASE_PEER_FAX_PORT=$PORT VARDKASE_PEER_FAX_RECEIVED=$DIR/received VARDKASE_PEER_FAX_QUIET_PORT=$QUIET_PORT
cargo_it peers::fax::rig_ || { fax_calls "$DIR/spool" | tail -20; fail "see above; HylaFAX's logs are in $DIR/spool/log"; }
