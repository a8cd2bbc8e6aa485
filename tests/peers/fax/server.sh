# A HylaFAX of the script's own, sourced after ../lib.sh: its spool lies in scratch, nothing is written under /var or /etc but
# the links /dev/ttyVK*, which HylaFAX wants, and its locks. The daemons drop to uucp, so the script runs as root.

FAX_PACKAGES=(postfix hylafax-server hylafax-client libspandsp-dev libtiff-dev gcc libc6-dev ghostscript libtiff-tools
    tesseract-ocr tesseract-ocr-swe zbar-tools)

fax_packages() { # MORE…: everything, by name. postfix goes first: hylafax-server pulls in another mail server else
    [ "$(id -u)" -eq 0 ] || fail "HylaFAX's daemons are started as root and drop to uucp: run this as root"
    need_deb "${FAX_PACKAGES[@]}" "$@"
}

fax_readable() { # the daemons are uucp: every folder on the way to scratch lets them through
    local at
    at=$(realpath "$DIR")
    while [ "$at" != / ]; do
        chmod a+x "$at" 2>/dev/null || fail "uucp can't go through $at: set PEERS_DIR to a folder of your own"
        at=$(dirname "$at")
    done
}

fax_spool() { # SPOOL: an empty spool
    local spool=$1
    mkdir -p "$spool"
    cp -a /var/spool/hylafax/. "$spool"/ 2>/dev/null || true
    rm -rf "${spool:?}"/etc "$spool"/{sendq,doneq,docq,recvq,log}/* "$spool"/FIFO* "$spool"/client/*
    mkdir -p "$spool"/etc
    cp -aL /etc/hylafax/. "$spool"/etc/
    chmod u+w "$spool"/etc/setup.cache "$spool"/etc/setup.modem
    sed -i "s#^SPOOL=.*#SPOOL='$spool'#" "$spool"/etc/setup.cache
    rm -f "$spool"/etc/config.tty*
    printf '^.*@localhost$\n^.*@127\\.0\\.0\\.1$\n' >"$spool"/etc/hosts.hfaxd
    # What HylaFAX runs when a job has ended: nothing, we look ourselves.
    printf '#!/bin/sh\n' >"$spool"/bin/notify
    printf '#!/bin/sh\n' >"$spool"/bin/faxrcvd
    chmod 755 "$spool"/bin/notify "$spool"/bin/faxrcvd
    # As faxsetup does: of two connections that both have to create the file, one is refused.
    local queue
    for queue in sendq docq recvq; do echo 1 >"$spool/$queue/seqf"; chmod 600 "$spool/$queue/seqf"; done
}

fax_line() { # SPOOL DEVICE NUMBER [RINGS]: a modem's configuration; RINGS > 0 answers calls
    cat >"$1/etc/config.$2" <<EOF
CountryCode:		46
AreaCode:		980
FAXNumber:		$3
LongDistancePrefix:	0
InternationalPrefix:	00
DialStringRules:	etc/dialrules
ServerTracing:		0x1
SessionTracing:		0xFFF
RecvFileMode:		0644
LogFileMode:		0644
DeviceMode:		0666
SpeakerVolume:		off
RingsBeforeAnswer:	${4:-0}
LocalIdentifier:	"$3"
TagLineFont:		etc/lutRS18.pcf
TagLineFormat:		"From %%l|%c|Page %%P of %%T"
ModemType:		Class1
Class1AdaptRecvCmd:	AT+FAR=1
Class1TMConnectDelay:	400
ModemResetDelay:	50
ModemSoftResetCmdDelay:	50
JobReqBusy:		3
JobReqNoAnswer:		3
JobReqNoCarrier:	3
JobReqNoFCon:		3
JobReqProto:		3
JobReqDataConn:		3
JobReqOther:		3
EOF
}

fax_start() { # SPOOL PORT: scheduler and protocol server
    chown -R uucp:uucp "$1"
    chmod 600 "$1"/etc/hosts.hfaxd
    setsid /usr/sbin/faxq -D -q "$1" >>"$DIR/faxq.log" 2>&1 &
    started $!
    setsid /usr/sbin/hfaxd -d -q "$1" -l 127.0.0.1 -i "$2" >>"$DIR/hfaxd.log" 2>&1 &
    started $!
    for _ in $(seq 100); do [ -p "$1/FIFO" ] && break; sleep 0.1; done
    [ -p "$1/FIFO" ] || fail "faxq did not start: $(cat "$DIR/faxq.log")"
    wait_port "$2"
}

fax_calls() { # SPOOL: HylaFAX's own list of the calls that it made
    [ -f "$1/log/xferfaxlog" ] && cat "$1/log/xferfaxlog" || true
}

# Software lines, sped up: LINES of them, SPEED times as fast as life (see line.c).
LINES=${FAX_LINES:-2}
SPEED=${FAX_SPEED:-8}

fax_line_programs() {
    gcc -O2 -o "$DIR/line" tests/peers/fax/line.c -lspandsp -ltiff -lm 2>"$DIR/gcc.log" || fail "line.c: $(cat "$DIR/gcc.log")"
}

fax_line_configs() { # SPOOL
    local i
    for i in $(seq $LINES); do fax_line "$1" "ttyVK$i" "+46.980.31920$i"; done
}

fax_lines() { # SPOOL: what they receive lies in $DIR/received
    local i
    for i in $(seq $LINES); do
        "$DIR/line" -d "/dev/ttyVK$i" -o "$DIR/received" -x "$SPEED" >>"$DIR/line.log" 2>&1 &
        started $!
        for _ in $(seq 50); do [ -e "/dev/ttyVK$i" ] && break; sleep 0.1; done
        [ -e "/dev/ttyVK$i" ] || fail "line $i did not start: $(cat "$DIR/line.log")"
        faxmodem -q "$1" "ttyVK$i"
    done
    fax_ready "$1" &
    started $!
}

# A modem that was late once, on a busy machine, is down until somebody says otherwise; with a real one that is faxgetty.
fax_ready() { # SPOOL
    trap - EXIT
    while sleep 2; do
        for i in $(seq $LINES); do
            if grep -qs 'Waiting for modem' "$1/status/ttyVK$i"; then faxmodem -q "$1" "ttyVK$i"; fi
        done
    done
}
