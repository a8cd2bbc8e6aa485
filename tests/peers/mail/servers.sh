# A private Postfix and Dovecot on loopback, in $DIR. Sourced by tests/peers/mail.sh after lib.sh.
# Sets SMTP (bare), SUBMISSION (STARTTLS and AUTH), SMTPS, IMAPS, IMAP (STARTTLS) to free ports, and starts both.

keys() { # an authority of its own, and a certificate for localhost
    mkdir -p "$DIR/tls"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=Peers CA' -keyout "$DIR/tls/ca.key" -out "$DIR/tls/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout "$DIR/tls/server.key" -out "$DIR/tls/server.csr" 2>/dev/null
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >"$DIR/tls/ext"
    openssl x509 -req -in "$DIR/tls/server.csr" -CA "$DIR/tls/ca.pem" -CAkey "$DIR/tls/ca.key" -CAcreateserial -days 30 \
        -extfile "$DIR/tls/ext" -out "$DIR/tls/server.pem" 2>/dev/null
}

dovecot_conf() {
    mkdir -p "$DIR/dovecot" "$DIR/maildirs"
    {
        printf 'larm:{PLAIN}rätt lösen "ord"::::::\n'
        printf 'retur%d@avsandare.example:{PLAIN}hemligt::::::\n' 2 3 4
    } >"$DIR/dovecot/users"
    cat >"$DIR/dovecot/dovecot.conf" <<CONF
base_dir = $DIR/dovecot/run
state_dir = $DIR/dovecot/state
log_path = $DIR/dovecot/log
auth_verbose = yes
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <$DIR/tls/server.pem
ssl_key = <$DIR/tls/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login cram-md5
auth_failure_delay = 1 secs
mail_location = maildir:$DIR/maildirs/%d/%n
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $DIR/dovecot/users
}
userdb {
  driver = static
  args = uid=$MAIL_USER gid=$MAIL_USER home=$DIR/maildirs/%d/%n
}
service auth {
  unix_listener $DIR/queue/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
service imap-login {
  inet_listener imap {
    port = $IMAP
  }
  inet_listener imaps {
    port = $IMAPS
    ssl = yes
  }
}
CONF
}

postfix_conf() {
    mkdir -p "$DIR/etc" "$DIR/queue" "$DIR/data"
    chown postfix:postfix "$DIR/data"
    chown "$MAIL_USER:" "$DIR/maildirs"
    cat >"$DIR/etc/main.cf" <<CONF
compatibility_level = 3.6
maillog_file = $DIR/maillog
maillog_file_prefixes = $DIR
queue_directory = $DIR/queue
data_directory = $DIR/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.mottagare.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination
virtual_mailbox_domains = mottagare.example, avsandare.example $(printf '%s\n' ${MAIL_ADDRESSES:-} | sed 's/.*@//' | sort -u | tr '\n' ' ')
virtual_mailbox_base = $DIR/maildirs
virtual_mailbox_maps = texthash:$DIR/etc/mailboxes
virtual_alias_maps = pcre:$DIR/etc/aliases
virtual_uid_maps = static:$(id -u "$MAIL_USER")
virtual_gid_maps = static:$(id -g "$MAIL_USER")
default_transport = error:5.1.2 no route in the test
smtpd_recipient_restrictions = check_recipient_access pcre:$DIR/etc/recipients, permit
smtpd_tls_cert_file = $DIR/tls/server.pem
smtpd_tls_key_file = $DIR/tls/server.key
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_discard_ehlo_keywords =
CONF
    # virtual(8) takes no substitution: each mailbox by name.
    local user
    for user in a1 a2 a3 a4 a5 a6 a7 b1 c1 d2 d3 d4 e1; do
        echo "$user@mottagare.example mottagare.example/$user/"
    done >"$DIR/etc/mailboxes"
    for user in larm retur1 retur2 retur3 retur4; do
        echo "$user@avsandare.example avsandare.example/$user/"
    done >>"$DIR/etc/mailboxes"
    # What a script wants beside: MAIL_ADDRESSES.
    for user in ${MAIL_ADDRESSES:-}; do
        echo "$user ${user#*@}/${user%@*}/"
    done >>"$DIR/etc/mailboxes"
    # Accepted, and comes back later: a report of failure.
    echo '/^studs@mottagare\.example$/ ingen@borta.example' >"$DIR/etc/aliases"
    cat >"$DIR/etc/recipients" <<'CONF'
/^temp@/     450 4.2.1 Mailbox busy, try later
/^grey@/     DEFER_IF_PERMIT 4.7.1 Greylisted
/^full@/     452 4.2.2 Mailbox full
/^perm@/     550 5.1.1 User unknown
/^blocked@/  554 5.7.1 Rejected by policy
CONF
    cat >"$DIR/etc/master.cf" <<CONF
$SMTP       inet  n - n - - smtpd
$SUBMISSION inet  n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
$SMTPS      inet  n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
CONF
    postfix -c "$DIR/etc" check || fail "Postfix does not like its configuration"
}

start_servers() {
    SMTP=$(free_port) SUBMISSION=$(free_port) SMTPS=$(free_port) IMAP=$(free_port) IMAPS=$(free_port)
    MAIL_USER=vardkase-peers
    getent passwd $MAIL_USER >/dev/null || useradd -r -M -s /usr/sbin/nologin $MAIL_USER
    # Mailboxes are written by another user than the folder's.
    chmod 755 "$PEERS_DIR" "$DIR"
    keys
    dovecot_conf
    postfix_conf
    dovecot -F -c "$DIR/dovecot/dovecot.conf" &
    started $!
    # A session of its own: Postfix ends its whole process group, which must not be ours.
    setsid postfix -c "$DIR/etc" start-fg >"$DIR/postfix.out" 2>&1 &
    started $!
    local port
    for port in $SMTP $SUBMISSION $SMTPS $IMAP $IMAPS; do wait_port "$port"; done
}
