#!/bin/bash
# Build the image, write down how long that took, and only then give it its name: what an interrupted run leaves has none.
# Usage: build.sh REFERENCE BASE CONTEXT CA_BUNDLE LOG
set -euo pipefail

reference=$1 base=$2 context=$3 bundle=$4 log=$5
# On the same repository, so that nothing but the product's own names is ever touched.
unnamed=${reference%:*}:building
export DOCKER_BUILDKIT=1

began=$(date +%s)
docker build --progress plain --network host --secret "id=ca,src=$bundle" --build-arg "BASE_IMAGE=$base" \
    --tag "$unnamed" "$context" >"$log" 2>&1
seconds=$(($(date +%s) - began))

# A label is no layer.
printf 'FROM %s\n' "$unnamed" | docker build --progress plain --label "streamkit.build.seconds=$seconds" \
    --tag "$reference" - >>"$log" 2>&1
docker image rm "$unnamed" >>"$log" 2>&1
