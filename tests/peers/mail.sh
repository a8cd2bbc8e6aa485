#!/usr/bin/env bash
# E-mail against Postfix and Dovecot: what lies in the Maildir is the canonical text byte for byte; STARTTLS and AUTH, SMTPS;
# each refusal ends as it must; reports of arrival and of failure come back and are understood, out of a Maildir and over IMAP.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mail/servers.sh"
need_deb postfix postfix-pcre dovecot-core dovecot-imapd openssl
scratch
start_servers
export VARDKASE_PEER_SMTP=$SMTP VARDKASE_PEER_SUBMISSION=$SUBMISSION VARDKASE_PEER_SMTPS=$SMTPS
export VARDKASE_PEER_IMAP=$IMAP VARDKASE_PEER_IMAPS=$IMAPS VARDKASE_PEER_CA=$DIR/tls/ca.pem VARDKASE_PEER_MAILDIRS=$DIR/maildirs
cargo_it peers::mail || fail "see above, $DIR/maillog and $DIR/dovecot/log"
refused=$(grep -c 'SASL.*authentication failed' "$DIR/maillog" || true)
[ "$refused" -eq 1 ] || fail "a wrong password went over the wire $refused times, and not once"
echo "ok a wrong password went over the wire once"
