# A paging server of the script's own, sourced after ../lib.sh: HylaFAX's, behind socat.

snpp_start() { # sets SNPP to its port, SPOOL to its folder
    SPOOL=$DIR/pages
    mkdir -p "$SPOOL"
    # The daemons drop to uucp and must reach the spool.
    chmod 755 "$PEERS_DIR" "$DIR"
    cp -a /var/spool/hylafax/. "$SPOOL"/
    cp -a /etc/hylafax/. "$SPOOL"/etc/
    if [ -f "$SPOOL/etc/setup.cache" ]; then
        chmod u+w "$SPOOL/etc/setup.cache"
        sed -i "s#^SPOOL=.*#SPOOL='$SPOOL'#" "$SPOOL/etc/setup.cache"
    fi
    printf '^root@localhost$\n^root@127\\.0\\.0\\.1$\n' >"$SPOOL/etc/hosts.hfaxd"
    printf '^5559.*  reject\n.*       @/\\0\n' >"$SPOOL/etc/pagermap"
    # As faxsetup does: of two connections that both have to create the file, one is refused.
    for queue in sendq docq recvq; do echo 1 >"$SPOOL/$queue/seqf"; done
    chown -R uucp:uucp "$SPOOL"
    chmod 600 "$SPOOL"/{sendq,docq,recvq}/seqf
    chmod 600 "$SPOOL/etc/hosts.hfaxd"
    /usr/sbin/faxq -D -q "$SPOOL" >"$DIR/pages-faxq.log" 2>&1 &
    started $!
    for _ in $(seq 50); do [ -p "$SPOOL/FIFO" ] && break; sleep 0.1; done
    [ -p "$SPOOL/FIFO" ] || fail "faxq does not come up (see $DIR/pages-faxq.log)"
    SNPP=$(free_port)
    # hfaxd itself would listen on every address of the machine.
    socat "TCP-LISTEN:$SNPP,bind=127.0.0.1,reuseaddr,fork" "EXEC:/usr/sbin/hfaxd -q $SPOOL -S,nofork" >"$DIR/socat.log" 2>&1 &
    started $!
    wait_port "$SNPP"
    export VARDKASE_PEER_SNPP=$SNPP VARDKASE_PEER_SPOOL=$SPOOL
}
