#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Library: {fmt} 9.1.0 (Debian 12: libfmt-dev, libfmt9 9.1.0+ds1-2), with g++ 12.2 and clang++ 14.0.
#
# fmt::format_to() into a back_insert_iterator, with <fmt/core.h> alone, links against Debian's libfmt when g++ compiles
# the call, and does not when clang++ does: the function behind it, detail::vformat_to<char>, has std::is_same<…>::value
# in the type of a parameter, and the two compilers write that name down differently (srSt7is_same, sr3std7is_same).
# The library has the first alone. fmt::format() has no such parameter and links with both; so does format_to() with
# <fmt/format.h>, which compiles the function again in every file.
#
# What follows: a project that is built by both compilers appends fmt::format() to its strings.
set -euo pipefail

version=9.1.0+ds1-2
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"
apt-get download -qq "libfmt-dev=$version" "libfmt9=$version"
for package in *.deb; do
    dpkg-deb -x "$package" fmt
done
libraries=$(dirname -- "$(find fmt -name 'libfmt.so')")
flags=(-std=c++20 -I fmt/usr/include)

cat >append.cpp <<'END'
#include <fmt/core.h>
#include <iterator>
#include <string>
int main()
{
    std::string text;
    fmt::format_to(std::back_inserter(text), "{:#x}", 42);
    return text == "0x2a" ? 0 : 1;
}
END
cat >format.cpp <<'END'
#include <fmt/core.h>
int main() { return fmt::format("{:#x}", 42) == "0x2a" ? 0 : 1; }
END

# links COMPILER FILE: whether it links against the library, and then runs.
links() {
    "$1" "${flags[@]}" -c "$2.cpp" -o "$2-$1.o"
    "$1" "$2-$1.o" -L "$libraries" -lfmt -Wl,-rpath,"$work/$libraries" -o "$2-$1" 2>"$2-$1.errors" && "./$2-$1"
}

failed=0
expect() {
    printf '%-60s %s\n' "$1" "$2"
    [[ $2 == "$3" ]] || { echo "  expected: $3"; failed=1; }
}
answer() { if "$@"; then echo yes; else echo no; fi; }

expect "g++-12: format_to with core.h links" "$(answer links g++-12 append)" yes
expect "clang++-14: format_to with core.h links" "$(answer links clang++-14 append)" no
expect "g++-12: format with core.h links" "$(answer links g++-12 format)" yes
expect "clang++-14: format with core.h links" "$(answer links clang++-14 format)" yes
name_of() { nm "append-$1.o" | grep -o 'sr[S3][a-z0-9]*7is_same' | sort -u; }
expect "g++-12: name of std::is_same in the symbol" "$(name_of g++-12)" srSt7is_same
expect "clang++-14: name of std::is_same in the symbol" "$(name_of clang++-14)" sr3std7is_same
exit "$failed"
