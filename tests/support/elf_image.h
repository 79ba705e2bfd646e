// SPDX-License-Identifier: GPL-2.0-or-later
//
// ELF cores made by hand, field by field as elf(5) has them, of either class and byte order. Every number may lie: what
// is not set is computed, what is set is written as it is. Nothing of the code under test writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pgregion::test
{

struct ElfSegment {
    std::uint64_t address = 0;          ///< p_paddr
    std::vector<std::byte> bytes = {};  ///< put behind the headers, in order
    std::uint32_t type = 1;             ///< PT_LOAD
    std::optional<std::uint64_t> offset = {};
    std::optional<std::uint64_t> filesz = {};
    std::optional<std::uint64_t> memsz = {};
};

class ElfImage
{
public:
    unsigned word_bytes = 8;  ///< 8 or 4
    bool big_endian = false;
    std::uint16_t type = 4;  ///< ET_CORE
    std::vector<ElfSegment> segments;
    /// The number of headers stands in section 0, whose header comes before the program headers, as QEMU has it.
    bool count_in_section = false;
    std::uint64_t gap_before_data = 0;
    std::optional<std::uint16_t> phentsize = {};
    std::optional<std::uint16_t> phnum = {};
    std::optional<std::uint64_t> phoff = {};
    std::optional<std::uint64_t> shoff = {};
    std::optional<std::uint32_t> sh_info = {};

    [[nodiscard]] std::vector<std::byte> build() const
    {
        const bool wide = word_bytes == 8;
        const std::uint64_t header = wide ? 64 : 52;
        const std::uint64_t entry = wide ? 56 : 32;
        const std::uint64_t section = count_in_section ? (wide ? 64 : 40) : 0;
        const std::uint64_t table = header + section;
        std::vector<std::byte> file;
        for (const unsigned value : {0x7FU, 0x45U, 0x4CU, 0x46U, wide ? 2U : 1U, big_endian ? 2U : 1U, 1U})
            file.push_back(static_cast<std::byte>(value));
        file.resize(16);
        put(file, type, 2);
        put(file, 3, 2);  // e_machine: i386, whatever the class
        put(file, 1, 4);
        put(file, 0, word_bytes);
        put(file, phoff.value_or(table), word_bytes);
        put(file, shoff.value_or(count_in_section ? header : 0), word_bytes);
        put(file, 0, 4);
        put(file, 8, 2);  // e_ehsize, as makedumpfile writes it
        put(file, phentsize.value_or(static_cast<std::uint16_t>(entry)), 2);
        put(file, phnum.value_or(count_in_section ? 0xFFFF : static_cast<std::uint16_t>(segments.size())), 2);
        put(file, 0, 6);
        if (count_in_section) {
            const std::size_t info = file.size() + (wide ? 44 : 28);
            file.resize(info);
            put(file, sh_info.value_or(static_cast<std::uint32_t>(segments.size())), 4);
            file.resize(table);
        }
        std::uint64_t data = table + entry * segments.size() + gap_before_data;
        for (const ElfSegment &segment : segments) {
            put_header(file, segment, data);
            data += segment.bytes.size();
        }
        file.resize(file.size() + gap_before_data);
        for (const ElfSegment &segment : segments)
            file.insert(file.end(), segment.bytes.begin(), segment.bytes.end());
        return file;
    }

private:
    void put(std::vector<std::byte> &file, std::uint64_t value, unsigned bytes) const
    {
        for (unsigned i = 0; i < bytes; ++i) {
            const unsigned shift = 8 * (big_endian ? bytes - 1 - i : i);
            file.push_back(static_cast<std::byte>(value >> shift));
        }
    }

    void put_header(std::vector<std::byte> &file, const ElfSegment &segment, std::uint64_t data) const
    {
        const bool wide = word_bytes == 8;
        const std::uint64_t filesz = segment.filesz.value_or(segment.bytes.size());
        put(file, segment.type, 4);
        if (wide)
            put(file, 7, 4);  // p_flags
        put(file, segment.offset.value_or(data), word_bytes);
        put(file, 0, word_bytes);
        put(file, segment.address, word_bytes);
        put(file, filesz, word_bytes);
        put(file, segment.memsz.value_or(filesz), word_bytes);
        if (!wide)
            put(file, 7, 4);
        put(file, 0, word_bytes);
    }
};

}  // namespace pgregion::test
