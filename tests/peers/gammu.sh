#!/usr/bin/env bash
# gammu-smsd with its dummy telephone: it takes our files, sends them whole and moves them on; what it puts into its inbox comes
# back as an answer. What it cut and coded is read from its own log.
. "$(dirname "$0")/lib.sh"
need_deb gammu gammu-smsd
scratch
mkdir -p "$DIR/phone" "$DIR/spool"/{outbox,sent,error,inbox}
cat >"$DIR/smsdrc" <<CONF
[gammu]
device = $DIR/phone
connection = none
model = dummy

[smsd]
service = files
logfile = $DIR/log
debuglevel = 255
outboxpath = $DIR/spool/outbox/
sentsmspath = $DIR/spool/sent/
errorsmspath = $DIR/spool/error/
inboxpath = $DIR/spool/inbox/
inboxformat = unicode
outboxformat = unicode
commtimeout = 1
receivefrequency = 2
statusfrequency = 0
checksecurity = 0
checkbattery = 0
checksignal = 0
checknetwork = 0
CONF
LC_ALL=C.UTF-8 gammu-smsd -c "$DIR/smsdrc" >"$DIR/out" 2>&1 &
started $!
wait_file "$DIR/log"
SPOOL_DIR=$DIR/spool GAMMU_LOG=$DIR/log PHONE_DIR=$DIR/phone cargo_it peers::sms_spool::gammu
printf 'ok gammu: %s files were sent\n' "$(ls "$DIR/spool/sent" | wc -l)"
