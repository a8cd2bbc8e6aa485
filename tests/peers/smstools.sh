#!/usr/bin/env bash
# smstools: smsd with a modem in PDU mode on a pseudo-terminal. The PDUs that it writes to the modem, joined, are the text.
. "$(dirname "$0")/lib.sh"
need_deb smstools python3
scratch
mkdir -p "$DIR/modem" "$DIR/spool"/{outgoing,checked,sent,failed,incoming,report}
python3 "$(dirname "$0")/smstools/modem.py" "$DIR/modem" >"$DIR/modem.log" 2>&1 &
started $!
wait_file "$DIR/modem/ready"
cat >"$DIR/smsd.conf" <<CONF
devices = GSM1
outgoing = $DIR/spool/outgoing
checked = $DIR/spool/checked
sent = $DIR/spool/sent
failed = $DIR/spool/failed
incoming = $DIR/spool/incoming
report = $DIR/spool/report
logfile = $DIR/smsd.log
infofile = $DIR/smsd.working
pidfile = $DIR/smsd.pid
loglevel = 5
delaytime = 1
delaytime_mainprocess = 1
errorsleeptime = 0
blockafter = 1000
decode_unicode_text = no
incoming_utf8 = yes
receive_before_send = no

[GSM1]
device = $DIR/modem/tty
incoming = yes
report = yes
CONF
smsd -t -c "$DIR/smsd.conf" >"$DIR/smsd.out" 2>&1 &
started $!
wait_file "$DIR/smsd.log"
SPOOL_DIR=$DIR/spool MODEM_DIR=$DIR/modem cargo_it peers::sms_spool::smstools
printf 'ok smstools: %s texts came out whole\n' "$(wc -l <"$DIR/modem/shown")"
