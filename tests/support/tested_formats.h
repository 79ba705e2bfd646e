// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tests know of each format. A format of table_formats() has a file tests/formats/NAME.cpp and one of
// directory_formats() a file tests/directories/NAME.cpp, with one struct that holds everything tests need of it: the
// settings to try, the naive reading, words of the manual. Tests ask for it by the format's name and never choose by
// that name themselves, so that a new format is refused by name where its struct is missing or lacks something instead
// of being read as another.
//
// The structs are found by pattern (tests/formats.cmake): `extern const TestedTable vtd_ss` of namespace tables in
// tests/formats/vtd_ss.cpp.
#pragma once

#include "support/naive_tables.h"

#include <pgregion/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::test
{

// --- page tables --------------------------------------------------------------------------------------------

/// What a setting is tried for; some take long, so not every setting is for everything.
using Uses = unsigned;
inline constexpr Uses kDamage = 1;    ///< sound tables that are damaged bit by bit and at random
inline constexpr Uses kEdit = 2;      ///< maps and unmaps against a model
inline constexpr Uses kLongEdit = 4;  ///< and these with many steps
inline constexpr Uses kGuess = 8;     ///< regions as kernels fill them, whose format is withheld
inline constexpr Uses kFull = 16;     ///< regions without a free page, whose base is withheld
inline constexpr Uses kMeasure = 32;  ///< benchmarks
inline constexpr Uses kEverything = 63;

/// One way to read tables of a format.
struct TableSetting {
    std::string_view name;  ///< of the tests: letters, digits, underscores
    unsigned levels;
    Uses uses;
    std::string_view params = {};  ///< "granule=16k input-bits=47"
    std::uint64_t root_page = 1;   ///< in regions with little in them; a multiple of the root's pages
};

/// Tables one below the other, each reached through entry 0 of the one above, at 0x140000000.
struct TableChain {
    unsigned levels;
    std::array<std::size_t, 4> pages;       ///< by level; of a root of several pages the first
    std::array<std::uint64_t, 3> pointers;  ///< from the root down
};

/// A word of a table.
struct TableWord {
    std::size_t page;
    std::size_t index;
    std::uint64_t word;
};

/// What maps write, as literals: the pointer in entry 0 of the root, a leaf of 4 KiB, one of 2 MiB.
struct MappedWords {
    unsigned levels;
    std::string_view params;
    std::uint64_t root_page;
    std::array<TableWord, 3> places;
};

struct TestedTable {
    std::string_view format;
    std::span<const TableSetting> settings;
    NaiveReading naive = nullptr;
    TableChain chain = {};
    MappedWords planned = {};  ///< 4 KiB at 0x1000 to 0x12345000, 2 MiB at 0x200000 to 0x40000000; base 0x80000000
    MappedWords mapped = {};   ///< 0x1ff000 to 0x2501ff000, 0x201000 bytes; base 0x140000000
    /// Formats in which these tables can be the inner stage; none where they never are.
    std::span<const std::string_view> outer = {};
    bool skips_levels = false;      ///< a pointer may lead further down than to the next level
    bool interrupt_window = false;  ///< output addresses from 0xfee00000 to 0xfeefffff are refused
};

/// The struct of a format. Throws std::runtime_error that names the format and what is missing.
[[nodiscard]] const TestedTable &tested_table(std::string_view format);
[[nodiscard]] std::span<const TestedTable *const> tested_tables();

/// Why `format` cannot be tested with these structs; empty when it can.
[[nodiscard]] std::string complaint_about(std::string_view format, std::span<const TestedTable *const> structs);

/// A setting with its format, ready to be used.
struct TableReading {
    std::string name;
    const TableFormat *format = nullptr;
    FormatParams params;
    std::uint64_t root_page = 1;
    Uses uses = 0;
};

inline void PrintTo(const TableReading &reading, std::ostream *out) { *out << reading.name; }

/// Every setting for that use, in the order of table_formats(). Formats that bring none are named by the tests of
/// tested_formats_test.cpp.
[[nodiscard]] std::vector<TableReading> readings_for(Uses use);
/// Parameters written as in TableSetting::params.
[[nodiscard]] FormatParams params_of(const TableFormat &format, unsigned levels, std::string_view params);

/// The naive reader of a format with these parameters; `byte` and `root` are still to be set.
[[nodiscard]] NaiveTables naive_tables(const TableFormat &format, const FormatParams &params);

// --- directories --------------------------------------------------------------------------------------------

/// Values of the root registers, in the order of DirectoryFormat::registers.
struct RootRegisters {
    std::array<std::uint64_t, 2> values;
    std::size_t count;

    [[nodiscard]] std::vector<std::optional<std::uint64_t>> list() const
    {
        return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
    }
};

/// A word that leads to the table at an address, when it stands in every place of it.
struct SelfPointer {
    unsigned shift = 0;  ///< how much lower than in memory the address stands in the word
    std::uint64_t bits = 0;

    [[nodiscard]] std::uint64_t to(std::uint64_t address) const { return address >> shift | bits; }
};

/// A table at 0x1001000 that is full of one word, with the registers that lead to it.
struct LoopingRoot {
    std::uint64_t word;
    RootRegisters registers;
};

struct TestedDirectory {
    std::string_view format;
    std::span<const std::string_view> sound;  ///< texts of tests/cases/healthy, without .pgtext
    std::size_t table_types = 0;              ///< how many the manual has
    std::span<const SelfPointer> self_pointers;
    std::span<const RootRegisters> roots;  ///< every mode, with the root at 0x1001000
    std::span<const LoopingRoot> loops;
};

[[nodiscard]] const TestedDirectory &tested_directory(std::string_view format);
[[nodiscard]] std::span<const TestedDirectory *const> tested_directories();
[[nodiscard]] std::string complaint_about(std::string_view format, std::span<const TestedDirectory *const> structs);

/// TestedDirectory::sound of all directories.
[[nodiscard]] std::vector<std::string> sound_directories();

}  // namespace pgregion::test
