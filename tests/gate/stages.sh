# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stages of ./bootstrap test: sourced there. What each of them leaves in build/gate is read by report.py beside this file.

test_packages=(
    libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev  # built and linked
    clang clang-format clang-tidy libclang-rt-dev                 # the other compiler, style
    mandoc bash-completion zsh fish                               # manuals and completions
    python3 python3-jsonschema jq                                 # output compared with its schema
    gzip xz-utils zstd mount util-linux                           # odd sources, loop devices
)

sources() { find include src tests -name '*.h' -o -name '*.cpp'; }

# Other versions lay out code differently and know other checks, so only version 14 decides.
tool_14() {
    local name
    for name in "$1-14" "$1"; do
        if command -v "$name" >/dev/null && "$name" --version | grep -q 'version 14\.'; then
            printf '%s\n' "$name"
            return
        fi
    done
}

# build_targets PRESET TARGET…: all of them when none is named.
build_targets() {
    configure "build/$1" --preset "$1"
    cmake --build "build/$1" -j "$jobs" ${2:+--target "${@:2}"}
}

# need_release TARGET…: what another stage takes from the release build, where the stage release has not just built it.
need_release() { [[ -e build/gate/release.status ]] || build_targets release "$@"; }

# run_ctest PRESET: its log, with the output of every test, goes to the report.
run_ctest() {
    local status=0
    ctest --preset "$1" -j "$jobs" || status=$?
    cp -- "build/$1/Testing/Temporary/LastTest.log" "build/gate/$1.tests"
    return "$status"
}

stage_format() {
    local tool
    tool=$(tool_14 clang-format)
    [[ -n $tool ]] || { echo "left out: no clang-format 14 here"; return; }
    sources | tr '\n' '\0' | xargs -0 -P "$jobs" -n 100 "$tool" --dry-run -Werror
}

stage_release() {
    build_targets release all all_verify_interface_header_sets
    run_ctest release
}

# The tests of the command line are those of the release build; the executable that they call is this one.
stage_asan() {
    need_release pgregion_cli_tests
    build_targets asan
    run_ctest asan
}

# The fuzzers are linked with the libraries of the stage asan. They start from seeds made of the tests' images; what they
# find stays in build/fuzz for the next run.
stage_fuzz() {
    need_release pgregion
    build_targets asan pgregion_fuzzers
    python3 tests/fuzz/make_seeds.py build/release/pgregion tests build/fuzz/seeds
    printf '%s\0' build/asan/tests/pgregion_fuzz_* |
        xargs -0 -P "$jobs" -n 1 tests/gate/fuzz.sh "${PGREGION_FUZZ_SECONDS:-30}" build/fuzz
}

stage_tidy() {
    local tool
    tool=$(tool_14 clang-tidy)
    [[ -n $tool ]] || { echo "left out: no clang-tidy 14 here"; return; }
    configure build/tidy --preset tidy "-DCMAKE_CXX_CLANG_TIDY=$tool;--quiet;--warnings-as-errors=*"
    cmake --build build/tidy -j "$jobs" -- -k 0
}

# shellcheck source=tests/vm/stage.sh
source "$root/tests/vm/stage.sh"

# timed STAGE: runs it in a shell of its own, where the first command that fails ends it.
timed() {
    local TIMEFORMAT='%R %U %S' status
    rm -f -- "build/gate/$1".*
    set +e
    {
        time (
            set -e
            "stage_$1"
        ) 2>&1 | tee "build/gate/$1.log" >&3
        status=${PIPESTATUS[0]}
    } 3>&1 2>"build/gate/$1.seconds"
    set -e
    printf '%s\n' "$status" >"build/gate/$1.status"
}

# The machine of the stage vm has one busy processor and waits much: it runs beside the compilers of the stage asan,
# and is shown when its turn comes.
vm_beside=""

start_vm_beside() {
    set -m  # a process group of its own, which can be ended as a whole
    timed vm >/dev/null &
    vm_beside=$!
    set +m
    trap 'kill -TERM -- "-$vm_beside" 2>/dev/null || true' EXIT
}

show_vm() {
    wait "$vm_beside" || true
    trap - EXIT
    cat build/gate/vm.log
}

# A stage that fails does not keep the next ones from running.
run_stage() {
    heading "$1"
    if [[ $1 == vm && -n $vm_beside ]]; then
        show_vm
    else
        timed "$1"
    fi
    local status
    status=$(<"build/gate/$1.status")
    printf -- '-- %s: %s\n' "$1" "$( ((status == 0)) && echo passed || echo FAILED)"
}

run_tests() {
    local stage stages=("$@")
    ((${#stages[@]})) || stages=(format release asan fuzz vm)
    for stage in "${stages[@]}"; do
        declare -F "stage_$stage" >/dev/null || fail "no stage called '$stage'; see ./bootstrap help"
    done
    install_missing "${build_packages[@]}" "${test_packages[@]}"
    cd -- "$root"
    rm -rf build/gate
    mkdir -p build/gate
    local left=" ${stages[*]} "
    for stage in "${stages[@]}"; do
        left=${left#" $stage"}
        if [[ $stage == asan && $left == *" vm "* && -e build/gate/release.status ]]; then start_vm_beside; fi
        run_stage "$stage"
    done
    python3 tests/gate/report.py build/gate "$SECONDS" "${stages[@]}"
}
