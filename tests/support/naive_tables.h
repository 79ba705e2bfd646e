// SPDX-License-Identifier: GPL-2.0-or-later
//
// One translation in every table format, read in the plainest way from the text of iommu-formats.md (1.8, 2.4, 3,
// 4.4 and 4.5, 5.5), to compare walkers and editors with. It shares nothing with the code under test: no format, no
// walker, no decoder. Levels count as there: `height` 0 is the table that holds the smallest pages.
#pragma once

#include <pgregion/format.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace pgregion::test
{

/// How one set of tables is to be read. What a format does not have is not looked at.
struct NaiveTables {
    /// One byte of memory; nothing where there is none.
    std::function<std::optional<unsigned>(std::uint64_t)> byte;
    std::string format;
    std::uint64_t root = 0;
    unsigned levels = 4;
    unsigned address_width = 52;  ///< HAW, PAW, OAS, PAS
    bool big_endian = false;
    bool snoop = true;         ///< vtd-ss: bit 11 of leaves is not reserved
    bool transient = false;    ///< vtd-ss: bit 62 of leaves is not reserved
    bool sign_extend = true;   ///< x86-64
    bool no_execute = true;    ///< x86-64: NXE
    bool amd = false;          ///< x86-64
    unsigned c_bit = 0;        ///< x86-64, amd-v1
    unsigned granule = 12;     ///< arm
    unsigned input_bits = 0;   ///< arm; 0: all that the levels resolve, but 48 at most
    bool upper_half = false;   ///< arm-s1: TTBR1
    bool napot = true;         ///< riscv
    bool memory_types = true;  ///< riscv

    struct Answer {
        bool mapped = false;
        std::uint64_t pa = 0;
        std::uint64_t size = 0;
        std::string access;
        bool user = true;  ///< requests without privilege get through
    };

    /// The settings of `params` by the names of their parameters.
    static NaiveTables of(const TableFormat &tables, const FormatParams &params)
    {
        NaiveTables naive;
        naive.format = tables.name;
        naive.levels = params.levels;
        naive.address_width = params.paw_bits;
        naive.big_endian = params.big_endian;
        const auto value = [&](std::string_view key, unsigned otherwise) {
            for (std::size_t i = 0; i < tables.parameters.size(); ++i) {
                if (tables.parameters[i].key == key)
                    return static_cast<unsigned>(params.value[i]);
            }
            return otherwise;
        };
        naive.snoop = value("snp", 1) != 0;
        naive.transient = value("tm", 0) != 0;
        naive.sign_extend = value("sign-extend", 1) != 0;
        naive.no_execute = value("nx", 1) != 0;
        naive.amd = value("vendor", 0) != 0;
        naive.c_bit = value("c-bit", 0);
        naive.granule = value("granule", 12);
        naive.input_bits = value("input-bits", 0);
        naive.upper_half = value("ttbr", 0) != 0;
        naive.napot = value("svnapot", 1) != 0;
        naive.memory_types = value("svpbmt", 1) != 0;
        return naive;
    }

    [[nodiscard]] Answer translate(std::uint64_t iova) const
    {
        if (format == "vtd-ss")
            return vtd(iova);
        if (format == "x86-64")
            return x86(iova);
        if (format == "amd-v1")
            return amd_v1(iova);
        if (format == "arm-s1" || format == "arm-s2")
            return arm(iova);
        return riscv(iova);
    }

private:
    using Word = std::uint64_t;

    static Word power(unsigned n) { return n >= 64 ? 0 : Word{1} << n; }
    static Word ones(unsigned n) { return n >= 64 ? ~Word{0} : power(n) - 1; }
    static bool on(Word word, unsigned position) { return (word >> position & 1) != 0; }
    /// Whether a bit of `high` to `low` is set.
    static bool any(Word word, unsigned high, unsigned low) { return (word & ones(high + 1) & ~ones(low)) != 0; }

    static std::string letters(bool r, bool w, bool x)
    {
        return std::string(r ? "r" : "") + (w ? "w" : "") + (x ? "x" : "");
    }

    [[nodiscard]] std::optional<Word> load(Word address) const
    {
        Word word = 0;
        for (unsigned i = 0; i < 8; ++i) {
            const auto next = byte(address + (big_endian ? i : 7 - i));
            if (!next)
                return std::nullopt;
            word = word << 8 | *next;
        }
        return word;
    }

    /// `address` without the encryption bit; nothing when it does not fit the address width.
    [[nodiscard]] std::optional<Word> checked(Word address) const
    {
        const Word plain = c_bit == 0 ? address : address & ~power(c_bit);
        return plain >= power(address_width) && address_width < 64 ? std::nullopt : std::optional(plain);
    }

    static Answer page(Word target, Word size, Word iova, const std::string &access)
    {
        return {true, target + iova % size, size, access, true};
    }

    [[nodiscard]] Answer vtd(Word iova) const
    {
        bool r = true;
        bool w = true;
        bool x = true;
        Word table = root;
        if (iova >= power(12 + 9 * levels))
            return {};
        for (unsigned height = levels; height-- > 0;) {
            const unsigned shift = 12 + 9 * height;
            const auto entry = load(table + iova / power(shift) % 512 * 8);
            if (!entry || *entry % 8 == 0)
                return {};
            r = r && on(*entry, 0);
            w = w && on(*entry, 1);
            x = x && on(*entry, 2);
            const bool leaf = height == 0 || (height <= 2 && on(*entry, 7));
            if ((*entry % power(52)) >= power(address_width) || (on(*entry, 62) && !(leaf && transient)))
                return {};
            if (leaf)
                return (shift > 12 && any(*entry, shift - 1, 12)) || (on(*entry, 11) && !snoop)
                           ? Answer{}
                           : page(*entry % power(52) / power(shift) * power(shift), power(shift), iova,
                                  letters(r, w, x));
            if (on(*entry, 11) || (height >= 3 && on(*entry, 7)))
                return {};
            table = *entry % power(52) / 4096 * 4096;
        }
        return {};
    }

    [[nodiscard]] Answer x86(Word iova) const
    {
        const unsigned width = 12 + 9 * levels;
        const bool negative = sign_extend && on(iova, width - 1);
        if ((iova & ~ones(width)) != (negative ? ~ones(width) : 0))
            return {};
        bool w = true;
        bool x = true;
        bool user = true;
        Word table = root;
        for (unsigned height = levels; height-- > 0;) {
            const unsigned shift = 12 + 9 * height;
            const auto entry = load(table + iova / power(shift) % 512 * 8);
            if (!entry || !on(*entry, 0) || (on(*entry, 63) && !no_execute))
                return {};
            w = w && on(*entry, 1);
            user = user && on(*entry, 2);
            x = x && !on(*entry, 63);
            const bool leaf = height == 0 || (height <= 2 && on(*entry, 7));
            const auto address = checked(*entry % power(52) / 4096 * 4096);
            if (!address)
                return {};
            if (leaf) {
                if (shift > 13 && any(*entry, shift - 1, 13))  // bit 12 is PAT
                    return {};
                Answer answer = page(*address / power(shift) * power(shift), power(shift), iova, letters(true, w, x));
                answer.user = user;
                return answer;
            }
            if (height >= 3 && (on(*entry, 7) || (amd && on(*entry, 8))))
                return {};
            table = *address;
        }
        return {};
    }

    [[nodiscard]] Answer amd_v1(Word iova) const
    {
        bool r = true;
        bool w = true;
        Word table = root;
        if (levels < 6 && iova >= power(12 + 9 * levels))
            return {};
        for (unsigned level = levels; level > 0;) {
            const unsigned shift = 12 + 9 * (level - 1);
            const auto entry = load(table + iova / power(shift) % 512 * 8);
            if (!entry || !on(*entry, 0) || any(*entry, 58, 52))
                return {};
            r = r && on(*entry, 61);
            w = w && on(*entry, 62);
            const auto next = static_cast<unsigned>(*entry / 512 % 8);
            const auto address = checked(*entry % power(52) / 4096 * 4096);
            if (!address)
                return {};
            if (next == 0)
                return level == 6 || *address % power(shift) != 0
                           ? Answer{}
                           : page(*address, power(shift), iova, letters(r, w, false));
            if (next == 7)
                return coded(*address, level, iova, letters(r, w, false));
            // Bits of the levels between this one and the next must be zero.
            if (next >= level || any(*entry, 60, 59) || iova % power(shift) / power(12 + 9 * next) != 0)
                return {};
            table = *address;
            level = next;
        }
        return {};
    }

    /// NextLevel 7: the lowest zero from bit 12 on, k, says 2^(k+1).
    static Answer coded(Word address, unsigned level, Word iova, const std::string &access)
    {
        unsigned k = 12;
        while (k < 52 && on(address, k))
            ++k;
        const unsigned size_lg2 = k + 1;
        const bool good = 12 + 9 * (level - 1) < size_lg2 && size_lg2 < 12 + 9 * level && size_lg2 <= 51 && level < 6;
        return good ? page(address / power(size_lg2) * power(size_lg2), power(size_lg2), iova, access) : Answer{};
    }

    [[nodiscard]] Answer arm(Word iova) const
    {
        const bool first_stage = format == "arm-s1";
        const unsigned index_bits = granule - 3;
        const unsigned resolved = granule + index_bits * levels;
        const unsigned width = input_bits != 0 ? input_bits : resolved < 48 ? resolved : 48;
        if ((iova & ~ones(width)) != (upper_half ? ~ones(width) : 0))
            return {};
        bool user = true;
        bool w = true;
        bool x = true;
        Word table = root;
        for (unsigned height = levels; height-- > 0;) {
            const unsigned shift = granule + index_bits * height;
            const bool start = height == levels - 1;  // as many entries as the width wants
            const Word index = (iova & ones(width)) / power(shift) % power(start ? width - shift : index_bits);
            const auto entry = load(table + index * 8);
            if (!entry || !on(*entry, 0))
                return {};
            const bool small_or_wide = granule == 12 || (granule == 16 && address_width == 52);
            const bool block = !on(*entry, 1);
            if (block && !(height == 1 || (height == 2 && small_or_wide)))
                return {};
            const bool leaf = block || height == 0;
            // RES0 bits below the address, but for bits 51:48 of it with 64K and nT in blocks.
            const unsigned low = leaf ? shift : granule;
            Word below = *entry & ones(low) & ~ones(12);
            if (granule == 16)
                below &= ~(ones(16) & ~ones(12));
            if (block)
                below &= ~power(16);
            const Word high = granule == 16 ? (*entry / 4096 % 16) << 48 : 0;
            const Word address = (*entry & ones(48) & ~ones(low)) | high;
            if (below != 0 || any(*entry, 49, 48) || address > ones(address_width))
                return {};
            if (!leaf) {
                if (first_stage) {
                    user = user && !on(*entry, 61);
                    w = w && !on(*entry, 62);
                    x = x && !on(*entry, 60);
                } else if (any(*entry, 63, 59)) {
                    return {};
                }
                table = address;
                continue;
            }
            return first_stage ? stage1_leaf(*entry, address, power(shift), iova, {user, w, x})
                               : stage2_leaf(*entry, address, power(shift), iova);
        }
        return {};
    }

    struct Rights {
        bool user;
        bool w;
        bool x;
    };

    static Answer stage1_leaf(Word entry, Word address, Word size, Word iova, const Rights &above)
    {
        if (entry / 256 % 4 == 1 || on(entry, 5))  // SH, NS
            return {};
        const bool user = above.user && on(entry, 6);
        const bool writable = !on(entry, 7) || on(entry, 51);  // DBM
        return page(address, size, iova, letters(user, user && above.w && writable, user && above.x && !on(entry, 54)));
    }

    static Answer stage2_leaf(Word entry, Word address, Word size, Word iova)
    {
        const Word memory = entry / 4 % 16;
        const bool reserved_type = memory >= 4 && memory % 4 == 0;  // xx00 with xx not 0
        if (entry / 256 % 4 == 1 || reserved_type || on(entry, 11) || on(entry, 50))
            return {};
        return page(address, size, iova, letters(on(entry, 6), on(entry, 7) || on(entry, 51), !on(entry, 54)));
    }

    [[nodiscard]] Answer riscv(Word iova) const
    {
        const bool second_stage = format == "riscv-x4";
        const unsigned width = 12 + 9 * levels + (second_stage ? 2 : 0);
        const bool negative = !second_stage && on(iova, width - 1);
        if ((iova & ~ones(width)) != (negative ? ~ones(width) : 0))
            return {};
        Word table = root;
        for (unsigned height = levels; height-- > 0;) {
            const unsigned shift = 12 + 9 * height;
            const Word entries = second_stage && height == levels - 1 ? 2048 : 512;
            const auto entry = load(table + iova / power(shift) % entries * 8);
            if (!entry || !on(*entry, 0) || any(*entry, 58, 54))
                return {};
            if ((on(*entry, 63) && !napot) || (any(*entry, 62, 61) && !memory_types))
                return {};
            const Word address = *entry % power(54) / 1024 * 4096;
            if (address > ones(address_width))
                return {};
            if (!any(*entry, 3, 1)) {  // a pointer
                if (height == 0 || any(*entry, 63, 61))
                    return {};
                table = address;
                continue;
            }
            return riscv_leaf(*entry, address, height, iova);
        }
        return {};
    }

    [[nodiscard]] Answer riscv_leaf(Word entry, Word address, unsigned height, Word iova) const
    {
        const bool user = on(entry, 4);
        unsigned shift = 12 + 9 * height;
        if ((on(entry, 2) && !on(entry, 1)) || entry / power(61) % 4 == 3)
            return {};
        if (format == "riscv-x4" && !user)
            return {};
        if (on(entry, 63)) {
            if (height != 0 || address / 4096 % 16 != 8)
                return {};
            shift = 16;
            address -= 0x8000;
        }
        if (address % power(shift) != 0)
            return {};
        Answer answer = page(address, power(shift), iova, letters(on(entry, 1), on(entry, 2), on(entry, 3)));
        answer.user = user;
        return answer;
    }
};

}  // namespace pgregion::test
