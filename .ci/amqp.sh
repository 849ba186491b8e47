#!/bin/sh
# The tests of shared/fedmsg against a real RabbitMQ, on Debian as root.
# Installs the broker if it is missing, starts it on loopback with data of its
# own in a temporary folder, runs the tests, and stops it again.
#
#   .ci/amqp.sh              the contract suite, the kill test, the figures
#   .ci/amqp.sh CMD ARGS…    anything else, with DISTAFF_AMQP_URL set
set -eu
cd "$(dirname "$0")/.."

if ! command -v rabbitmq-server >/dev/null || ! command -v openssl >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	# The package starts a broker of its own; this says no to that.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod +x /usr/sbin/policy-rc.d
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends rabbitmq-server openssl >/dev/null
	rm -f /usr/sbin/policy-rc.d
	trap - EXIT
fi

# Erlang names nodes name@host and looks the host up, so localhost it is.
port=${DISTAFF_AMQP_PORT:-5673}
work=$(mktemp -d)
export HOME="$work" # the cookie of this node, shared with nobody
export RABBITMQ_NODENAME="distaff$port@localhost"
export RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
export RABBITMQ_NODE_PORT="$port"
export RABBITMQ_DIST_PORT=$((port + 20000))
export RABBITMQ_MNESIA_BASE="$work/mnesia"
export RABBITMQ_LOG_BASE="$work/log"
export RABBITMQ_ENABLED_PLUGINS_FILE="$work/plugins"
export RABBITMQ_CONFIG_FILE="$work/rabbitmq"
export RABBITMQ_PID_FILE="$work/pid"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
export ERL_EPMD_ADDRESS=127.0.0.1
mkdir -p "$RABBITMQ_LOG_BASE"

# Login by certificate as on Fedora's broker: the common name is the user.
certs="$work/certs"
mkdir "$certs"
for name in ca broker guest; do
	openssl ecparam -name prime256v1 -genkey -noout -out "$certs/$name.key"
done
openssl req -x509 -new -key "$certs/ca.key" -days 1 -subj /CN=authority -out "$certs/ca.pem"
echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >"$certs/names"
for name in broker guest; do
	openssl req -new -key "$certs/$name.key" -subj "/CN=$name" |
		openssl x509 -req -CA "$certs/ca.pem" -CAkey "$certs/ca.key" -CAcreateserial \
			-days 1 -extfile "$certs/names" -out "$certs/$name.pem" 2>/dev/null
done
echo '[rabbitmq_auth_mechanism_ssl].' >"$RABBITMQ_ENABLED_PLUGINS_FILE"
cat >"$RABBITMQ_CONFIG_FILE.conf" <<EOF
listeners.ssl.1 = 127.0.0.1:$((port + 1))
ssl_options.cacertfile = $certs/ca.pem
ssl_options.certfile = $certs/broker.pem
ssl_options.keyfile = $certs/broker.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
EOF

# Erlang's port mapper outlives its nodes. One that was not here before is ended.
mapper=ours
if epmd -names >/dev/null 2>&1; then mapper=theirs; fi

# The scripts under /usr/lib do not change to the user rabbitmq: nothing
# outside of the temporary folder is touched.
/usr/lib/rabbitmq/bin/rabbitmq-server >"$work/out" 2>&1 &
server=$!
stop() {
	kill "$server" 2>/dev/null || true # SIGTERM is an orderly stop
	wait "$server" 2>/dev/null || true
	if [ "$mapper" = ours ]; then epmd -kill >/dev/null 2>&1 || true; fi # refuses while a node lives
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

tries=60
until bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null; do
	tries=$((tries - 1))
	if [ "$tries" = 0 ] || ! kill -0 "$server" 2>/dev/null; then
		echo "the broker did not come up:" >&2
		cat "$work/out" "$work"/log/* >&2
		exit 1
	fi
	sleep 1
done

export DISTAFF_AMQP_URL="amqp://guest:guest@127.0.0.1:$port/"
export DISTAFF_AMQPS_URL="amqps://guest:@127.0.0.1:$((port + 1))/%2F"
export DISTAFF_AMQP_CERTS="$certs" # ca.pem, guest.pem, guest.key
unset HOME
HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
export HOME
if [ $# -gt 0 ]; then
	"$@"
else
	go test -count=1 -tags amqp -v -run '^TestAMQP' ./shared/fedmsg/...
	go test -count=1 -tags amqp -run '^$' -bench AMQP -benchtime 1s ./shared/fedmsg
fi
