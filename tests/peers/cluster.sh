#!/usr/bin/env bash
# Three nodes with one journal on Debian's etcd, mails into Postfix's smtp-sink: a command at a node that does not decide, the deciding
# site killed, hung and cut off, too few members, a node that was taken out; at the end one head on all, and each mail is there.
. "$(dirname "$0")/lib.sh"
need_deb etcd-server etcd-client postfix jq
scratch
VK=$VARDKASE_BIN
chmod 755 "$PEERS_DIR" "$DIR"
mkdir "$DIR/mail"
chown postfix "$DIR/mail"
SITES=(a b c)
declare -A CLIENT PEER CONSOLE PUBLIC ETCD NODE
for s in "${SITES[@]}"; do
    CLIENT[$s]=$(free_port) PEER[$s]=$(free_port) CONSOLE[$s]=$(free_port) PUBLIC[$s]=$(free_port)
done
MEMBERS=a=http://127.0.0.1:${PEER[a]},b=http://127.0.0.1:${PEER[b]},c=http://127.0.0.1:${PEER[c]}
etcd_at() { # SITE
    etcd --name "$1" --data-dir "$DIR/etcd-$1" --listen-client-urls "http://127.0.0.1:${CLIENT[$1]}" \
        --advertise-client-urls "http://127.0.0.1:${CLIENT[$1]}" --listen-peer-urls "http://127.0.0.1:${PEER[$1]}" \
        --initial-advertise-peer-urls "http://127.0.0.1:${PEER[$1]}" --initial-cluster "$MEMBERS" --initial-cluster-token vk \
        --initial-cluster-state new --snapshot-count 5000 --logger zap >>"$DIR/etcd-$1.log" 2>&1 &
    ETCD[$1]=$!
    started $!
}
for s in "${SITES[@]}"; do etcd_at "$s"; done
for s in "${SITES[@]}"; do wait_port "${CLIENT[$s]}"; done

SINK=$(free_port)
(cd "$DIR" && exec smtp-sink -u postfix -d 'mail/%M.' -h sink.example "127.0.0.1:$SINK" 100 >sink.log 2>&1) &
started $!
wait_port "$SINK"
"$VK" config init --built-in "$DIR/region" >/dev/null
sed -i "s/port: 252[56]/port: $SINK/" "$DIR/region/channels/email.yaml"
for s in "${SITES[@]}"; do
    others=$(for o in "${SITES[@]}"; do [ "$o" = "$s" ] || printf ', "http://127.0.0.1:%s"' "${CLIENT[$o]}"; done)
    cat >"$DIR/$s.yaml" <<YAML
node: site-$s
site: ${s^^}
etcd:
  endpoints: ["http://127.0.0.1:${CLIENT[$s]}"$others]
  prefix: /vardkase/test/
YAML
done
at() { # SITE COMMAND…: at the node of that site
    local s=$1
    shift
    VARDKASE_STATE=$DIR/state-$s VARDKASE_SERVER=http://127.0.0.1:${CONSOLE[$s]} VARDKASE_AS=it-bered "$VK" "$@"
}
serve_at() { # SITE
    VARDKASE_STATE=$DIR/state-$1 "$VK" serve --config "$DIR/region" --cluster "$DIR/$1.yaml" --listen "127.0.0.1:${CONSOLE[$1]}" \
        --public-listen "127.0.0.1:${PUBLIC[$1]}" >>"$DIR/serve-$1.log" 2>&1 &
    NODE[$1]=$!
    started $!
}
! at a serve --config "$DIR/region" --cluster "$DIR/a.yaml" --listen 127.0.0.1:0 --public-listen 127.0.0.1:0 2>"$DIR/early.log" ||
    fail "a node of no cluster starts"
grep -q 'cluster found' "$DIR/early.log" || fail "it does not say how a cluster begins: $(cat "$DIR/early.log")"
at a cluster found --cluster "$DIR/a.yaml" || fail "no cluster is founded"
! at a cluster found --cluster "$DIR/a.yaml" 2>/dev/null || fail "it is founded twice"
at a backup "$DIR/first.vkb" >/dev/null || fail "no backup"
for s in b c; do at "$s" restore "$DIR/first.vkb" >/dev/null || fail "no node of a backup"; done
for s in "${SITES[@]}"; do serve_at "$s"; done
for s in "${SITES[@]}"; do wait_port "${CONSOLE[$s]}" 40; done

leader() { # [SITE THAT IS ASKED…]: which site decides, as those say that answer; waits for it
    local s l
    for _ in $(seq 200); do
        for s in "${@:-${SITES[@]}}"; do
            l=$(timeout 2 env VARDKASE_STATE="$DIR/state-$s" VARDKASE_SERVER="http://127.0.0.1:${CONSOLE[$s]}" "$VK" cluster status --json 2>/dev/null |
                jq -r '.cluster | select(.cut_off == null) | select(.leader != null) | .leader') || l=
            [ -n "$l" ] && [ -n "${IS_NOT:-}" ] && [ "$l" = "site-$IS_NOT" ] && l=
            [ -n "$l" ] && { echo "${l#site-}"; return; }
        done
        sleep 0.1
    done
    fail "no node decides: $(tail -n 3 "$DIR"/serve-*.log)"
}
another() { # SITE: one of the others
    for s in "${SITES[@]}"; do [ "$s" = "$1" ] || { echo "$s"; return; }; done
}
same_heads() { # SITE…: they come to hold the same, and it is whole
    local heads
    for _ in $(seq 100); do
        heads=$(for s in "$@"; do at "$s" cluster status --json | jq -r '.cluster.members[]? | "\(.holds)"'; done | sort -u | wc -l)
        [ "$heads" = 1 ] && return
        sleep 0.2
    done
    fail "they hold different records: $(for s in "$@"; do at "$s" cluster status; done)"
}
mails() { find "$DIR/mail" -type f | wc -l; }

FIRST=$(leader)
OTHER=$(another "$FIRST")
at "$OTHER" report ehr-down --level critical --safety no --json >"$DIR/report.json" || fail "nothing can be reported at a node that does not decide"
[ "$(jq -r .incident "$DIR/report.json")" = 1 ] || fail "the node does not say the number: $(cat "$DIR/report.json")"
for _ in $(seq 100); do [ "$(mails)" -gt 0 ] && break; sleep 0.1; done
[ "$(mails)" -gt 0 ] || fail "no mail left"
same_heads "${SITES[@]}"
echo "ok cluster: reported at $OTHER, decided at $FIRST, $(mails) mails, one head on three nodes"

# The whole deciding site: node and member of etcd.
from=$(date +%s%N)
kill -9 "${NODE[$FIRST]}" "${ETCD[$FIRST]}"
SECOND=$(IS_NOT=$FIRST leader "$OTHER")
took=$((($(date +%s%N) - from) / 1000000))
at "$(another "$FIRST")" update 1 --what "Läslösningen är uppe" >/dev/null || fail "no news after the loss of a site"
echo "ok cluster: site $FIRST lost, $SECOND decides after $took ms"
etcd_at "$FIRST"
wait_port "${CLIENT[$FIRST]}"
serve_at "$FIRST"
wait_port "${CONSOLE[$FIRST]}" 40
same_heads "${SITES[@]}"
echo "ok cluster: site $FIRST is back and holds the same"

# A deciding node that hangs, and wakes: it has lost its turn, and writes nothing.
kill -STOP "${NODE[$SECOND]}"
THIRD=$(IS_NOT=$SECOND leader "$(another "$SECOND")")
at "$THIRD" update 1 --what "Läslösningen är uppe på alla enheter" >/dev/null || fail "no news while a node hangs"
kill -CONT "${NODE[$SECOND]}"
for _ in $(seq 100); do
    grep -q 'does not decide any more' "$DIR/serve-$SECOND.log" && break
    sleep 0.1
done
grep -q 'does not decide any more' "$DIR/serve-$SECOND.log" || fail "a node that hung still decides"
same_heads "${SITES[@]}"
echo "ok cluster: $SECOND hung, $THIRD decides, and both hold the same"

# Too few members: nothing new is decided, and every screen says so.
TWO=()
for s in "${SITES[@]}"; do [ "$s" = "$THIRD" ] || { TWO+=("$s"); kill -STOP "${ETCD[$s]}"; }; done
for s in "${SITES[@]}"; do
    for _ in $(seq 150); do
        at "$s" cluster status --json | jq -e '.cluster.cut_off != null' >/dev/null && break
        sleep 0.1
    done
    at "$s" cluster status --json | jq -e '.cluster.cut_off != null' >/dev/null || fail "$s does not say that it is cut off"
    at "$s" status --json | grep -q '"cut-off"' || fail "the status of $s has no alarm"
    ! timeout 40 env VARDKASE_STATE="$DIR/state-$s" VARDKASE_SERVER="http://127.0.0.1:${CONSOLE[$s]}" VARDKASE_AS=it-bered \
        "$VK" update 1 --what "Ingen hör detta" >"$DIR/cut-$s.txt" 2>&1 || fail "$s decided without a majority"
    curl -sf "http://127.0.0.1:${PUBLIC[$s]}/" >/dev/null || fail "$s serves no public page"
done
for s in "${TWO[@]}"; do kill -CONT "${ETCD[$s]}"; done
leader >/dev/null
for _ in $(seq 60); do at a update 1 --what "Åter i drift på Fjällmark" >/dev/null 2>&1 && break; sleep 0.5; done
same_heads "${SITES[@]}"
echo "ok cluster: cut off is said, nothing is decided, and it goes on"

# Taken out: it takes no turn under that name.
LAST=$(leader)
GONE=$(another "$LAST")
at "$LAST" cluster remove "site-$GONE" --cluster "$DIR/$LAST.yaml" || fail "no node can be taken out"
for _ in $(seq 100); do
    at "$GONE" status --json | grep -q '"node-out"' && break
    sleep 0.1
done
at "$GONE" status --json | grep -q '"node-out"' || fail "a node that was taken out does not say so"

for s in "${SITES[@]}"; do kill "${NODE[$s]}"; wait "${NODE[$s]}" 2>/dev/null || true; done
# What one wrote while it was the last to end, the others do not have: up to there they say the same, record for record.
least=$(for s in "${SITES[@]}"; do "$VK" verify --state "$DIR/state-$s" --json | jq -r '.head' | cut -d: -f1; done | sort -n | head -n 1)
[ "$least" -gt 100 ] || fail "the journal of a node is not whole, or is short: $least"
sums=$(for s in "${SITES[@]}"; do "$VK" log --offline --state "$DIR/state-$s" --json | head -n "$least" | sha256sum; done | sort -u | wc -l)
[ "$sums" = 1 ] || fail "the journals of the nodes say different things"
echo "ok cluster: $least records, the same on three nodes"
