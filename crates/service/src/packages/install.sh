#!/bin/sh
# Installs rollcall-agent on this host and enrols it with the server this script came from. Run it as root.
# The enrolment token comes from the environment, ROLLCALL_ENROL_TOKEN, so that no list of processes shows it.
# Nothing happens before the last line has arrived.
set -eu
umask 077
server='@SERVER@'

fail() {
    echo "rollcall: $1" >&2
    exit 1
}

fetch() {
    if command -v curl >/dev/null; then
        if [ -s ca.pem ]; then curl -fsS --cacert ca.pem -o "$2" "$1"; else curl -fsS -o "$2" "$1"; fi
    elif command -v wget >/dev/null; then
        if [ -s ca.pem ]; then wget -q --ca-certificate=ca.pem -O "$2" "$1"; else wget -q -O "$2" "$1"; fi
    else
        fail "neither curl nor wget is installed"
    fi || fail "$1 cannot be fetched"
}

from_archive() {
    tar -xzf "$name"
    cd "${name%.tar.gz}"
    install -m 755 rollcall-agent /usr/bin/rollcall-agent
    if ! id rollcall-agent >/dev/null 2>&1; then
        useradd --system --user-group --no-create-home --home-dir /var/lib/rollcall-agent \
            --shell /sbin/nologin rollcall-agent
    fi
    install -d -m 700 -o rollcall-agent -g rollcall-agent /var/lib/rollcall-agent
    if [ -d /run/systemd/system ]; then
        install -m 644 rollcall-agent.service /etc/systemd/system/rollcall-agent.service
        systemctl daemon-reload
        systemctl enable rollcall-agent.service
        systemctl restart rollcall-agent.service
    else
        echo "rollcall: systemd does not run here; start \`rollcall-agent run\` yourself"
    fi
    cd ..
}

enrol() {
    if [ -z "${ROLLCALL_ENROL_TOKEN:-}" ]; then
        echo "rollcall: installed; next: rollcall-agent enroll --server $server --token TOKEN"
    elif [ -s ca.pem ]; then
        rollcall-agent enroll --server "$server" --ca ca.pem
    else
        rollcall-agent enroll --server "$server"
    fi
}

main() {
    [ "$(id -u)" = 0 ] || fail "run this as root"
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    cd "$place"
    cat >ca.pem <<'CERTIFICATES'
@CERTIFICATES@
CERTIFICATES
    grep -q CERTIFICATE ca.pem || : >ca.pem
    if command -v dpkg >/dev/null; then
        system="deb $(dpkg --print-architecture)"
    else
        system="tar.gz $(uname -m)"
    fi
    case $system in
@PACKAGES@
    *) fail "the server has no package for this system ($system)" ;;
    esac
    fetch "$server/install/$name" "$name"
    [ "$(sha256sum <"$name" | cut -d ' ' -f 1)" = "$sum" ] || fail "$name is not what the server has: try again"
    case $name in
    *.deb) DEBIAN_FRONTEND=noninteractive dpkg -i "$name" ;;
    *) from_archive ;;
    esac
    enrol
}

main
