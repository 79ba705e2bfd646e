// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the naive readers of page tables have in common: memory byte by byte, the numbers of parameters, single bits.
// A naive reader is one translation in the plainest way from the text of iommu-formats.md, to compare walkers and
// editors with; each stands in the file of its format below tests/formats. It shares nothing with the code under test:
// no format, no walker, no decoder. Levels count as there: `height` 0 is the table that holds the smallest pages.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pgregion::test
{

struct NaiveTables;

struct NaiveAnswer {
    bool mapped = false;
    std::uint64_t pa = 0;
    std::uint64_t size = 0;
    std::string access;
    bool user = true;  ///< requests without privilege get through
};

using NaiveReading = NaiveAnswer (*)(const NaiveTables &tables, std::uint64_t iova);

/// One set of tables and how it is to be read.
struct NaiveTables {
    /// One byte of memory; nothing where there is none.
    std::function<std::optional<unsigned>(std::uint64_t)> byte;
    NaiveReading reading = nullptr;
    std::uint64_t root = 0;
    unsigned levels = 0;
    unsigned address_width = 52;  ///< HAW, PAW, OAS, PAS
    bool big_endian = false;
    std::map<std::string, unsigned, std::less<>> parameters;  ///< every one of the format, by its key

    [[nodiscard]] NaiveAnswer translate(std::uint64_t iova) const { return reading(*this, iova); }

    [[nodiscard]] unsigned value(std::string_view key) const
    {
        const auto found = parameters.find(key);
        if (found == parameters.end())
            throw std::logic_error("a naive reader asks for parameter '" + std::string(key) +
                                   "', which its format does not have");
        return found->second;
    }
    [[nodiscard]] bool is_set(std::string_view key) const { return value(key) != 0; }

    [[nodiscard]] std::optional<std::uint64_t> load(std::uint64_t address) const
    {
        std::uint64_t word = 0;
        for (unsigned i = 0; i < 8; ++i) {
            const auto next = byte(address + (big_endian ? i : 7 - i));
            if (!next)
                return std::nullopt;
            word = word << 8 | *next;
        }
        return word;
    }
};

namespace naive
{

using Word = std::uint64_t;

inline Word power(unsigned n) { return n >= 64 ? 0 : Word{1} << n; }
inline Word ones(unsigned n) { return n >= 64 ? ~Word{0} : power(n) - 1; }
inline bool on(Word word, unsigned position) { return (word >> position & 1) != 0; }
/// Whether a bit of `high` to `low` is set.
inline bool any(Word word, unsigned high, unsigned low) { return (word & ones(high + 1) & ~ones(low)) != 0; }

inline std::string letters(bool r, bool w, bool x)
{
    return std::string(r ? "r" : "") + (w ? "w" : "") + (x ? "x" : "");
}

/// `address` without the encryption bit; nothing when it does not fit the address width.
inline std::optional<Word> without_c_bit(const NaiveTables &tables, Word address)
{
    const unsigned c_bit = tables.value("c-bit");
    const Word plain = c_bit == 0 ? address : address & ~power(c_bit);
    const bool fits = tables.address_width >= 64 || plain < power(tables.address_width);
    return fits ? std::optional(plain) : std::nullopt;
}

inline NaiveAnswer page(Word target, Word size, Word iova, const std::string &access)
{
    return {true, target + iova % size, size, access, true};
}

}  // namespace naive

}  // namespace pgregion::test
