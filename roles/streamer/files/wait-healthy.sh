#!/bin/sh
# Wait until a container is healthy. Prints its health and how often Docker restarted it meanwhile; succeeds either way.
# Usage: wait-healthy.sh CONTAINER SECONDS RESTARTS - given up after so many seconds, or so many restarts.
set -eu

look() {
    docker container inspect --format "$1" "$container"
}

container=$1
end=$(($(date +%s) + $2))
before=$(look '{{.RestartCount}}')
while :; do
    health=$(look '{{with .State.Health}}{{.Status}}{{else}}unknown{{end}}')
    restarts=$(($(look '{{.RestartCount}}') - before))
    if [ "$health" = healthy ] || [ "$restarts" -ge "$3" ] || [ "$(date +%s)" -ge "$end" ]; then
        printf '%s %s\n' "$health" "$restarts"
        exit 0
    fi
    sleep 1
done
