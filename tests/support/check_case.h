// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cases of checks: tests/cases/CODE/NAME.case says what was damaged in a healthy image, and what a check then finds,
// line by line:
//
//   # what happened, one line
//   healthy vtd-ss                      the image: tests/cases/healthy/vtd-ss.pgtext, in the text form
//   bytes 0x8000                        only so many of it: raw memory without a bitmap
//   with vtd-ss 0x1000000               a further piece of the same memory, of healthy/vtd-ss.pgtext
//   reading --format vtd-ss …           options of every command in place of those of the healthy image
//   options --paw 46                    further options of every command
//   check --liveupdate yes              further options of check and repair
//   page 4 word 1 0x80000002083         damage: a 64-bit little-endian word of a page
//   page 4 words 0-511 0x50000003       the same in each word; `step 0x1000` at the end: more in each next one
//   bit 9 set                           damage in the bitmap; or clear
//   expect reserved-bits error page=4 index=1 iova=0x1000 repair=safe
//   left page-leaked                    a code that is found after repair -y
//   repair 4                            exit status of repair -y, where it is not 1
//
// A line `expect` holds, in this order, code, severity, page=, index=, device=, pasid=, iova=, repair= and `security`;
// what a finding does not have is left out. All findings are listed. A healthy image names its options itself, in a
// comment `# options: …` among its first lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace pgregion::test
{

struct CheckCase {
    /// Words `first` to `last` of a page, both inclusive.
    struct Words {
        std::size_t page = 0;
        std::size_t first = 0;
        std::size_t last = 0;
        std::uint64_t value = 0;
        std::uint64_t step = 0;
    };
    struct Bit {
        std::size_t page = 0;
        bool set = false;
    };
    struct Piece {
        std::string healthy;
        std::string address;  ///< as written
    };

    std::string code;   ///< the folder's name
    std::string title;  ///< what happened
    std::string healthy;
    std::size_t bytes = std::size_t{2} << 20;
    std::vector<Piece> with;
    std::vector<std::string> reading;  ///< empty: those of the healthy image
    std::vector<std::string> options;
    std::vector<std::string> check_options;
    std::vector<Words> words;
    std::vector<Bit> bits;
    std::vector<std::string> expect;  ///< with single spaces
    std::set<std::string> left;
    int repair_status = 1;
};

/// Code of a line `expect`.
[[nodiscard]] std::string code_of_line(const std::string &expected);

/// Throws std::runtime_error, with path and line, when the text is not in the form above.
[[nodiscard]] CheckCase parse_check_case(const std::string &text, const std::string &path);
/// `name` is CODE/NAME.
[[nodiscard]] CheckCase read_check_case(const std::string &name);

/// CODE/NAME of every case, sorted.
[[nodiscard]] std::vector<std::string> check_case_names();
/// Folders of tests/cases beside healthy, sorted; also those that hold no case.
[[nodiscard]] std::vector<std::string> check_case_folders();

struct HealthyImage {
    std::vector<std::byte> bytes;
    std::vector<std::string> options;
};
[[nodiscard]] HealthyImage read_healthy_image(const std::string &name);
[[nodiscard]] std::vector<std::string> healthy_image_names();

/// Applies the damage of a case.
void damage(std::vector<std::byte> &image, const CheckCase &one);

}  // namespace pgregion::test
