# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stage "vm" of ./bootstrap test: sourced by tests/gate/stages.sh.

vm_packages=(qemu-system-x86 cpio makedumpfile)  # the rest is unpacked for the guest alone, see tests/vm/run.sh

stage_vm() {
    (install_missing "${vm_packages[@]}") || {
        echo "left out: the packages cannot be had: ${vm_packages[*]}"
        return
    }
    need_release pgregion
    # In the background, so that this shell hears when it is to end, and ends the machine.
    bash tests/vm/run.sh build/release build/vm &
    # shellcheck disable=SC2064  # the process of now
    trap "kill $!" TERM
    wait $!
}
