#!/usr/bin/env bash
# Kannel over HTTP: bearerbox, smsbox and its fake centre. What fakesmsc prints, parts joined, is the text; receipts and answers come
# back by callback, in either order.
. "$(dirname "$0")/lib.sh"
scratch
need_deb kannel kannel-extras
ADMIN=$(free_port) BOX=$(free_port) FAKE=$(free_port) PHONES=$(free_port) SEND=$(free_port) BACK=$(free_port)
cat >"$DIR/kannel.conf" <<CONF
group = core
admin-port = $ADMIN
admin-interface = 127.0.0.1
admin-password = bar
status-password = foo
smsbox-port = $BOX
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "$DIR/bearerbox.log"
log-level = 1
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = FAKE
port = $FAKE
connect-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = PHONES
port = $PHONES
connect-allow-ip = 127.0.0.1
allowed-smsc-id = PHONES

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = $BOX
sendsms-port = $SEND
sendsms-interface = 127.0.0.1
log-file = "$DIR/smsbox.log"
log-level = 1
mo-recode = true

group = sendsms-user
username = tester
password = foobar
concatenation = true
max-messages = 20

group = sms-service
keyword = default
get-url = "http://127.0.0.1:$BACK/reply?from=%p&text=%b"
max-messages = 0
omit-empty = true
CONF
bearerbox "$DIR/kannel.conf" >"$DIR/bearerbox.out" 2>&1 &
started $!
wait_port "$BOX"
wait_port "$FAKE"
wait_port "$PHONES"
smsbox "$DIR/kannel.conf" >"$DIR/smsbox.out" 2>&1 &
started $!
wait_port "$SEND"
# This one only receives. People write over the second centre, which is given nothing to send: for each text the test starts a
# fakesmsc of its own there.
FAKESMSC=/usr/lib/kannel/test/fakesmsc
"$FAKESMSC" -H 127.0.0.1 -r "$FAKE" -m 0 "1 1 text never" >"$DIR/fake.out" 2>&1 &
started $!
KANNEL_PORT=$SEND KANNEL_BACK=$BACK KANNEL_DIR=$DIR KANNEL_PHONES=$PHONES FAKESMSC=$FAKESMSC cargo_it peers::kannel::
printf 'ok kannel: %s SMS came out\n' "$(grep -c 'Got message' "$DIR/fake.out")"
