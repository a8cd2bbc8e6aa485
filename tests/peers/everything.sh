#!/usr/bin/env bash
# Everything at once: `ehr-down`, critical, through a short-message centre, Kannel, Postfix, HylaFAX with two lines, SNPP, POCSAG and
# a WebDAV mirror; what came out of each is compared with the texts of the journal (faxes word for word by OCR, with their
# codes; the mirrored page in Chromium).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fax/server.sh"
. "$(dirname "$0")/mail/servers.sh"
. "$(dirname "$0")/kannel/server.sh"
. "$(dirname "$0")/paging/server.sh"
. "$(dirname "$0")/webdav/server.sh"
fax_packages dovecot-core dovecot-imapd postfix-pcre openssl kannel kannel-extras socat multimon-ng nginx-light \
    libnginx-mod-http-dav-ext poppler-utils chromium
need_npm smpp@0.5.1
scratch
fax_readable

SMSC=$(free_port)
node "$(dirname "$0")/smpp/smsc.js" "$SMSC" "$DIR" >"$DIR/node.log" 2>&1 &
started $!
wait_port "$SMSC"

kannel_start

# Every address of the region has a mailbox.
MAIL_ADDRESSES=$(grep -oh '[A-Za-z0-9.-]*@[a-z.-]*' contacts/*.yaml | sort -u)
start_servers

fax_line_programs
fax_spool "$DIR/spool"
fax_line_configs "$DIR/spool"
FAX=$(free_port)
fax_start "$DIR/spool" "$FAX"
fax_lines "$DIR/spool"

snpp_start
webdav_start
mkdir -p "$DIR/pocsag"

export SMPP_DIR=$DIR KANNEL_DIR=$DIR ALL_SMPP=secret ALL_KANNEL=foobar ALL_CALLBACK=hemligt-nog-for-ett-prov
export ALL_SMPP_PORT=$SMSC ALL_KANNEL_PORT=$SEND VARDKASE_PEER_SMTP=$SMTP VARDKASE_PEER_MAILDIRS=$DIR/maildirs
export VARDKASE_PEER_FAX_PORT=$FAX VARDKASE_PEER_FAX_RECEIVED=$DIR/received ALL_FAX_SPOOL=$DIR/spool
export VARDKASE_FAX_IP_PASSWORD=tom VARDKASE_FAX_MOB_PASSWORD=tom
export ALL_POCSAG=$DIR/pocsag
ALL_PUBLIC_PORT=$(free_port)
export ALL_PUBLIC_PORT
cargo_it peers::everything:: || fail "see above, and $DIR"
