#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs pgregion inside a virtual machine, against what the machine at hand cannot offer: /dev/mem, /proc/kcore, pmem,
# device dax, and /proc/vmcore after a crash; and on the host against dumps that QEMU takes of that machine.
#
#   usage: run.sh BUILD_DIR [WORK_DIR]
#
# BUILD_DIR holds the executable pgregion; WORK_DIR (default: BUILD_DIR/../vm) gets the packages, logs and dumps.
#
# The kernel is Debian's own, fetched with apt-get download and unpacked, never installed: the boot loader here stays
# as it is. So are the programs that only run in the guest. What cannot be had is "left out", and that is no failure.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
build=$(cd -- "${1:?usage: run.sh BUILD_DIR [WORK_DIR]}" && pwd)
mkdir -p -- "${2:-$build/../vm}"
work=$(cd -- "${2:-$build/../vm}" && pwd)
guest="$work/guest"       # what the unpacked packages hold
rootfs="$work/initramfs"  # what the guest starts with

left_out() {
    echo "left out: $*"
    exit 0
}

# ---- packages -------------------------------------------------------------------------------------------------

# The kernel, busybox, and kexec with the libraries of Xen that Debian's is linked with.
guest_packages() {
    apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1
    echo busybox-static
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
        kexec-tools 2>/dev/null | grep -oE '^(kexec-tools|libxen[^ :]*)$' | sort -u
}

# Once; a kernel that is there is good enough.
fetch_guest() {
    compgen -G "$guest/boot/vmlinuz-*" >/dev/null && [[ -e $guest/complete ]] && return
    local packages
    mapfile -t packages < <(guest_packages)
    ((${#packages[@]} > 2)) || left_out "no package linux-image-cloud-amd64 known to apt-get (try apt-get update)"
    rm -rf -- "$guest"
    mkdir -p -- "$guest/packages"
    (cd -- "$guest/packages" && timeout 180 apt-get -qq download "${packages[@]}") >"$work/packages.log" 2>&1 ||
        left_out "packages for the guest cannot be had, see $work/packages.log: ${packages[*]}"
    local package
    for package in "$guest"/packages/*.deb; do
        dpkg-deb -x "$package" "$guest"
    done
    touch -- "$guest/complete"
}

# ---- the initramfs --------------------------------------------------------------------------------------------

# add_program FILE: with the shared libraries that it needs.
add_program() {
    local library
    cp -L -- "$1" "$rootfs/bin/"
    LD_LIBRARY_PATH="$guest/usr/lib/x86_64-linux-gnu" ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' |
        while read -r library; do
            case $library in
            */ld-linux-*) cp -Lu -- "$library" "$rootfs/lib64/" ;;
            *) cp -Lu -- "$library" "$rootfs/lib/x86_64-linux-gnu/" ;;
            esac
        done
}

make_initramfs() {
    local module
    rm -rf -- "$rootfs"
    mkdir -p -- "$rootfs"/{bin,lib/x86_64-linux-gnu,lib64,modules,tests,proc,sys,dev,run,boot}
    cp -- "$(find "$guest" -path '*bin/busybox' | head -n 1)" "$rootfs/bin/busybox"
    "$rootfs/bin/busybox" --list | grep -vx busybox | while read -r name; do ln -s busybox "$rootfs/bin/$name"; done
    add_program "$build/pgregion"
    add_program "$(find "$guest" -path '*bin/kexec' | head -n 1)"
    if command -v makedumpfile >/dev/null; then add_program "$(command -v makedumpfile)"; fi
    g++ -std=c++20 -O1 -static "$here/plant.cpp" -o "$rootfs/bin/plant"
    for module in libnvdimm nd_btt nd_pmem nd_e820 nfit device_dax dax_pmem loop; do
        find "$guest/lib/modules" -name "$module.ko" -exec cp {} "$rootfs/modules/" \;
    done
    cp -- "$here/../samples/domain.pgtext" "$rootfs/tests/"
    cp -- "$here/init" "$rootfs/init"
    chmod +x "$rootfs/init"
    pack "$work/capture.cpio.gz"
    # The kernel and the initramfs that run after the crash are carried by the one that crashes.
    cp -- "$guest"/boot/vmlinuz-* "$rootfs/boot/vmlinuz"
    cp -- "$work/capture.cpio.gz" "$rootfs/boot/initramfs"
    pack "$work/initramfs.cpio.gz"
}

pack() { (cd -- "$rootfs" && find . | cpio --quiet -o -H newc | gzip -1) >"$1"; }

[[ $(uname -m) == x86_64 ]] || left_out "the guest is x86-64, and shares its libraries with this machine"
[[ -x $build/pgregion ]] || { echo "$build/pgregion is not there: build it first" >&2; exit 1; }
for tool in qemu-system-x86_64 cpio gzip g++ python3 apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || left_out "no $tool here"
done
start=$SECONDS
fetch_guest
echo "-- packages: $((SECONDS - start)) s"
start=$SECONDS
make_initramfs
echo "-- initramfs: $((SECONDS - start)) s"
exec timeout --kill-after=10 "${PGREGION_VM_SECONDS:-900}" \
    python3 "$here/machine.py" "$build/pgregion" "$guest"/boot/vmlinuz-* "$work"
