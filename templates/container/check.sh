#!/bin/bash
# Fails the build of an image that lost something it promises. Runs inside the gathered tree, as
# the user the container runs as, so a library left behind is found here and not on a user's box.
# usage: check.sh PLUGINS_VERSION
set -euo pipefail
shopt -s globstar nullglob

elements=(
    # capture, its stand-ins, and raw processing
    v4l2src alsasrc pulsesrc videotestsrc audiotestsrc
    videoconvert videoscale videoconvertscale videorate deinterlace
    audioconvert audioresample audiorate
    # plumbing
    queue capsfilter tee identity errorignore parsebin decodebin3 valve clocksync fakesink filesink appsink appsrc
    # encoders, decoders and parsers
    x264enc vp8enc vp9enc av1enc svtav1enc rav1enc opusenc jpegenc
    openh264dec vp8dec vp9dec av1dec opusdec jpegdec
    h264parse vp9parse av1parse opusparse
    # transport
    webrtcbin nicesrc nicesink dtlsenc dtlsdec srtpenc srtpdec sctpenc sctpdec
    rtpbin rtph264pay rtpvp8pay rtpvp9pay rtpav1pay rtpopuspay
    rtph264depay rtpvp8depay rtpvp9depay rtpav1depay rtpopusdepay
    rtpgccbwe rtphdrexttwcc rtphdrextplayoutdelay rtprtxsend rtprtxreceive rtpulpfecenc rtpulpfecdec
    webrtcsink webrtcsrc whipclientsink whipserversrc whepserversink whepclientsrc
)

fail() {
    printf 'check: %s\n' "$*" >&2
    exit 1
}

loader=(/lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*)
for file in /usr/lib/**/*.so /usr/lib/**/*.so.* /usr/local/lib/**/*.so /usr/bin/*; do
    # Scripts and links are not the loader's business.
    [[ ! -L $file && -f $file && $(head -c 4 "$file" | tr -d '\0') == $'\x7fELF' ]] || continue
    libraries=$("${loader[0]}" --list "$file" 2>&1) || libraries+=$'\n'
    [[ $libraries != *'not found'* ]] || fail "$file: $(grep 'not found' <<<"$libraries")"
done

missing=()
for element in "${elements[@]}"; do
    gst-inspect-1.0 --exists "$element" || missing+=("$element")
done
((${#missing[@]} == 0)) || fail "elements missing: ${missing[*]}"

for plugin in rswebrtc rsrtp rav1e; do
    # Into a variable: grep -q on a pipe would end gst-inspect by SIGPIPE and fail the pipeline.
    about=$(gst-inspect-1.0 "$plugin")
    grep -Eq "^ +Version +$1" <<<"$about" || fail "$plugin is not version $1"
done

# An element that is registered may still fail at its first frame: make every encoder code some.
encode() {
    local name=$1
    shift
    timeout 60 gst-launch-1.0 -q "$@" ! filesink location="/tmp/$name.out" || fail "$name does not encode"
    [[ -s /tmp/$name.out ]] || fail "$name coded nothing"
    printf '%s\n' "$name encodes"
}
video=(videotestsrc num-buffers=4 ! 'video/x-raw,format=I420,width=320,height=192,framerate=30/1' !)
encode x264enc "${video[@]}" x264enc tune=zerolatency ! h264parse
encode vp8enc "${video[@]}" vp8enc deadline=1
encode vp9enc "${video[@]}" vp9enc deadline=1 ! vp9parse
encode av1enc "${video[@]}" av1enc cpu-used=8 ! av1parse
# SVT writes a page of settings to standard error otherwise.
export SVT_LOG=1
encode svtav1enc "${video[@]}" svtav1enc preset=12 ! av1parse
encode rav1enc "${video[@]}" rav1enc speed-preset=10 ! av1parse
encode opusenc audiotestsrc num-buffers=10 ! audioconvert ! audioresample ! opusenc ! opusparse
# SRTP opens its ciphers by name at the first packet.
encode srtpenc audiotestsrc num-buffers=4 ! audioconvert ! audioresample ! opusenc ! rtpopuspay \
    ! srtpenc key="$(printf '%060d' 0)"

# The sink tries coded video on a pipeline of its own, with elements nothing else names, before it
# accepts any: let it, on any free port, and end.
timeout 60 gst-launch-1.0 -q "${video[@]}" x264enc tune=zerolatency ! h264parse ! \
    whepserversink stun-server=NULL signaller::stun-server=NULL signaller::host-addr=http://127.0.0.1:0 \
    || fail "whepserversink refuses coded video"
printf '%s\n' "whepserversink takes coded video"

python3 -P - <<'PYTHON'
import bottle, gevent, psutil, requests
import gi

gi.require_version("Gst", "1.0")
for name in ("GstApp", "GstAudio", "GstBase", "GstRtp", "GstSdp", "GstVideo", "GstWebRTC"):
    gi.require_version(name, "1.0")
from gi.repository import Gst, GstApp, GstAudio, GstBase, GstRtp, GstSdp, GstVideo, GstWebRTC

Gst.init(None)
assert Gst.parse_launch("videotestsrc num-buffers=1 ! fakesink") is not None
PYTHON

curl --version >/dev/null
[[ -s $SSL_CERT_FILE ]] || fail "no CA bundle at $SSL_CERT_FILE: WHIP panics without one"
[[ $(id -u) == 1000 && $(id -un) == streamer ]] || fail "not the streamer: $(id)"

printf '%s\n' "${elements[@]}" >/tmp/elements.txt
