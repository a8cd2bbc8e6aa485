#!/usr/bin/env bash
# One journal for several sites on a real etcd of three members: what the journal asks behaves as it does in memory; leaders are killed
# and hang, two of three are gone, the quota is used up; over TLS with client certificates and a role for one prefix.
. "$(dirname "$0")/lib.sh"
need_deb etcd-server etcd-client openssl
scratch
TLS=$DIR/tls
mkdir -p "$TLS"
authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" -keyout "$TLS/$1.key" -out "$TLS/$1.pem" 2>/dev/null
}
certificate() { # NAME AUTHORITY: whose common name is its user in etcd
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$TLS/$1.key" -out "$TLS/$1.csr" 2>/dev/null
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n' >"$TLS/$1.ext"
    openssl x509 -req -in "$TLS/$1.csr" -CA "$TLS/$2.pem" -CAkey "$TLS/$2.key" -CAcreateserial -days 20 -extfile "$TLS/$1.ext" \
        -out "$TLS/$1.pem" 2>/dev/null
    chmod 600 "$TLS/$1.key"
}
authority ca
authority other
certificate member ca
certificate root ca
certificate vardkase ca
certificate nobody ca
certificate stranger other
PORTS=
for _ in 1 2 3 4 5 6; do PORTS="$PORTS $(free_port)"; done
# Whoever installs Debian's package gets one running on its usual ports: not used, not touched.
ETCD=$(command -v etcd) ETCDCTL=$(command -v etcdctl) ETCD_DIR=$DIR ETCD_PORTS=$PORTS ETCD_TLS=$TLS cargo_it peers::etcd
echo 'ok etcd'
