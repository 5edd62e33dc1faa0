#!/usr/bin/env bash
# Validates the NVIDIA GPU of this machine: one command, no network, some five minutes.
#
#   ops/gpu_validation.sh [FOLDER]         on the GPU machine; results in FOLDER (results/gpu)
#   ops/gpu_validation.sh pack 3.12        before, where there is a network: what that Python needs beside PyTorch goes
#                                          to .gpu-packages, which travels with the repository
#
# PYTHON names the interpreter: 3.11 or newer, with PyTorch for CUDA and transformers. FOLDER gets recording.json,
# capabilities.md, report/, serving.md and the rows' log.html; `KEEP=1` copies them to docs/evidence/gpu/. The exit status
# is that of the rows: 0 if all passed or said why they could not run. Without a GPU it says so, and ends with 2.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

python="${PYTHON:-python3}"
if [ "${1:-}" = pack ]; then
    rm -rf .gpu-packages
    exec "$python" -m ops.gpu_packages pack .gpu-packages ${2:+--for "$2"}
fi
out="${1:-results/gpu}"
mkdir -p "$out" || exit 2
out="$(cd "$out" && pwd)"
began=$SECONDS
export PYTHONPATH="$PWD" PYTHONUTF8=1 CUDA_DEVICE_ORDER=PCI_BUS_ID

step() { # <seconds at most> <name> <command …>: its output goes to a file, its end to the terminal
    local most="$1" name="$2" status=0 at=$SECONDS
    shift 2
    timeout --kill-after=10 "$most" "$@" >"$out/$name.txt" 2>&1 || status=$?
    echo "$name: exit status $status after $((SECONDS - at)) s; $out/$name.txt"
    return "$status"
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$python is older than 3.11, or missing: name another by PYTHON=…" >&2
    exit 2
}
if ! "$python" -c 'import pynvml, robot' 2>/dev/null; then
    [ -d .gpu-packages ] || {
        echo "robotframework and nvidia-ml-py are missing: run '$0 pack <version>' where there is a network, and carry .gpu-packages" >&2
        exit 2
    }
    # An environment of its own, which also sees what this Python has: PyTorch and transformers.
    site="$(mktemp -d)"
    trap 'rm -rf "$site"' EXIT
    "$python" -m venv --without-pip "$site" || exit 2
    packages="$("$site/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    "$python" -m ops.gpu_packages unpack .gpu-packages "$packages" || exit 2
    "$python" -c 'import sys; print(*(each for each in sys.path if each.endswith("-packages")), sep="\n")' \
        >"$packages/parent.pth"
    python="$site/bin/python"
fi

step 20 facts "$python" -c '
import importlib.metadata, platform, shutil, subprocess
print(platform.platform(), "Python", platform.python_version())
for name in ("torch", "transformers", "cupy", "numba", "vllm"):
    try:
        print(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        print(name, "is not installed")
for command in (["nvidia-smi", "-L"], ["nvcc", "--version"], ["dcgmi", "--version"]):
    print(command[0], subprocess.run(command, capture_output=True, text=True).stdout if shutil.which(command[0]) else "is not there")
'
# Recorded first: where there is no GPU, nothing else is worth its time.
if ! step 90 recording "$python" -m keywords.engine.gpu.record "$out/recording.json" --seconds 6 --idle 3; then
    cat "$out/recording.txt" >&2
    exit 2
fi
step 30 report "$python" -m keywords.engine.gpu.report "$out/recording.json" "$out/report"
rows=0
step 150 rows "$python" -m robot --outputdir "$out/rows" --variablefile variables/gpu.yaml \
    --include 'req:GPU-*' suites || rows=$?
find "$out/rows/evidence" -name gpu_capabilities.md -exec cp {} "$out/capabilities.md" \; -quit 2>/dev/null
left=$((330 - SECONDS + began))
[ "$left" -lt 30 ] || step "$left" serving "$python" -m ops.bench.gpu_serving "$out/serving" --seconds 5
tail -n 6 "$out/rows.txt"
if [ "${KEEP:-}" = 1 ]; then
    mkdir -p docs/evidence/gpu
    for kept in recording.json capabilities.md facts.txt rows.txt report serving; do
        [ ! -e "$out/$kept" ] || cp -r "$out/$kept" docs/evidence/gpu/
    done
fi
echo "$((SECONDS - began)) s in all; results in $out"
exit "$rows"
