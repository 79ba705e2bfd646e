# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stage "vm" of ./bootstrap test: sourced there.

vm_packages=(qemu-system-x86 cpio makedumpfile)  # the rest is unpacked for the guest alone, see tests/vm/run.sh

stage_vm() {
    (install_missing "${vm_packages[@]}") || {
        echo "left out: the packages cannot be had: ${vm_packages[*]}"
        return
    }
    [[ -x build/release/pgregion ]] || {
        configure build/release --preset release
        cmake --build build/release -j "$jobs" --target pgregion
    }
    bash tests/vm/run.sh build/release build/vm
}
