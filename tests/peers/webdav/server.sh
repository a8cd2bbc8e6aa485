# A WebDAV server of the script's own, sourced after ../lib.sh: nginx, uploads at one port, readers at another.

webdav_start() { # says by MIRROR_YAML and MIRROR_READBACK where it is
    UPLOAD=$(free_port)
    READ=$(free_port)
    mkdir -p "$DIR"/{root,logs,tmp}
    printf 'larm:%s\n' "$(openssl passwd -apr1 hemligt)" >"$DIR/htpasswd"
    sed -e "s#@DIR@#$DIR#g; s#@UPLOAD@#$UPLOAD#; s#@READ@#$READ#; s#@USER@#$(id -un)#" tests/peers/webdav/nginx.conf >"$DIR/nginx.conf"
    nginx -p "$DIR" -c "$DIR/nginx.conf" >"$DIR/logs/out" 2>&1 &
    started $!
    wait_port "$UPLOAD"
    wait_port "$READ"

    export MIRROR_PASSWORD=hemligt
    export MIRROR_READBACK="http://127.0.0.1:$READ/larm/"
    export MIRROR_YAML="webdav: { url: \"http://127.0.0.1:$UPLOAD/larm/\", user: larm, password: { env: MIRROR_PASSWORD } }"
    mkdir -p "$DIR/root/larm"
}
