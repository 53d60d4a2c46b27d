#!/usr/bin/env bash
# Does a bundle's model answer on ARM as it does here? It runs under qemu (a Cortex-A76, as in a Raspberry Pi 5 or a phone of 2019): figures are compared, not times.
#   benchmarks/arm.sh BUNDLE [--json] [--texts 40]
# Needs Debian or Ubuntu with python, hodu[phone] and unzip, no root and no chroot: qemu, an arm64 Python and the arm64 wheels are unpacked below ${ARM_ROOT:-~/.cache/hodu-arm}, once (under a minute, 200 MB).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${ARM_ROOT:-$HOME/.cache/hodu-arm}
python=${PYTHON:-python}
cpu=cortex-a76 # not "max": there int8 products came out as garbage in several runtimes (SME)

unpack() { # every package of apt's folder $1 into $2
  for package in "$1"/*.deb; do dpkg -x "$package" "$2"; done
}

set_up() {
  local apt=$work/apt root=$work/root
  local as_arm=(-qq -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root
    -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Install-Recommends=false -o Acquire::Languages=none
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=-)
  rm -rf "$root" "$work/qemu" "$apt"
  mkdir -p "$root/proc" "$work/qemu" "$apt/lists/partial" "$apt/cache/archives/partial"
  : > "$apt/status" # as if nothing were installed: all that Python needs is fetched
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" > "$apt/sources.list"
  apt-get "${as_arm[@]}" update
  apt-get "${as_arm[@]}" --yes --download-only install python3.11 libstdc++6 > /dev/null
  unpack "$apt/cache/archives" "$root"
  (cd "$work/qemu" && apt-get -qq -o APT::Sandbox::User=root download qemu-user-static)
  unpack "$work/qemu" "$work/qemu"
  local wheels=()
  for name in onnxruntime numpy; do wheels+=("$name==$("$python" -c "import $name; print($name.__version__)")"); done
  "$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 --dest "$work/wheels" \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 "${wheels[@]}"
  for wheel in "$work"/wheels/*.whl; do unzip -q -o "$wheel" -d "$root/site"; done
  # onnxruntime from 1.29 on reads the processor's parts there and crashes without; 0xd0b is a Cortex-A76
  printf 'processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x4\nCPU part\t: 0xd0b\nCPU revision\t: 1\n\n' > "$root/proc/cpuinfo"
  mv "$work/qemu/usr/bin/qemu-aarch64-static" "$work/qemu-aarch64"
  rm -rf "$work/qemu" "$apt" "$work/wheels"
  touch "$work/.ready"
}

[ -e "$work/.ready" ] || set_up
"$python" "$here/arm.py" "$@" --root "$work/root" --qemu "$work/qemu-aarch64" --cpu "$cpu"
