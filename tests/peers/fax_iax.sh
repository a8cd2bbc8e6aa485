#!/usr/bin/env bash
# A true fax call in real time: HylaFAX sends over one iaxmodem, HylaFAX answers on the other, over IAX2, T.30 by machines that
# know nothing of us. The received pages are read by tesseract (every word, å ä ö too) and their code by zbarimg.
#
#   bash tests/peers/fax_iax.sh        two calls, about a minute each; prints our share and the calls' lengths
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fax/server.sh"

fax_packages iaxmodem
scratch
fax_readable

fax_spool "$DIR/spool"
fax_line "$DIR/spool" ttyVKa "+46.980.319291"
fax_line "$DIR/spool" ttyVKb "+46.980.319292" 1
A=$(free_port)
B=$(free_port)
mkdir -p "$DIR/iax"
for end in "a $A $B 0980319291" "b $B $A 0980319292"; do
    set -- $end
    cat >"$DIR/iax/ttyVK$1" <<EOF
device		/dev/ttyVK$1
owner		uucp:uucp
mode		660
port		$2
refresh		0
server		127.0.0.1:$3
peername	ttyVK$1
secret		x
cidname		Provlarm
cidnumber	$4
codec		slinear
EOF
    # iaxmodem looks for the file below /etc/iaxmodem.
    iaxmodem "../..$(realpath "$DIR")/iax/ttyVK$1" >>"$DIR/iaxmodem$1.log" 2>&1 &
    started $!
    for _ in $(seq 100); do [ -e "/dev/ttyVK$1" ] && break; sleep 0.1; done
    [ -e "/dev/ttyVK$1" ] || fail "iaxmodem $1 did not start: $(cat "$DIR/iaxmodem$1.log")"
done
PORT=$(free_port)
fax_start "$DIR/spool" "$PORT"
/usr/sbin/faxgetty -q "$DIR/spool" ttyVKb >>"$DIR/faxgetty.log" 2>&1 &
started $!
faxmodem -q "$DIR/spool" ttyVKa

export VARDKASE_PEER_FAX_PORT=$PORT VARDKASE_PEER_FAX_RECEIVED=$DIR/spool/recvq
export VARDKASE_PEER_FAX_CALLS=$DIR/spool/log/xferfaxlog
cargo_it peers::fax::iax_ || { fax_calls "$DIR/spool" | tail; fail "see above; HylaFAX's logs are in $DIR/spool/log"; }
