// SPDX-License-Identifier: GPL-2.0-or-later
//
// The headers of an ELF core; see elf_headers.h.
#include "io/elf_headers.h"

#include "io/failures.h"

#include <algorithm>
#include <array>
#include <limits>

namespace pgregion::io
{

namespace
{

constexpr std::size_t kIdentBytes = 16;
constexpr std::size_t kClassAt = 4;
constexpr std::size_t kDataAt = 5;
constexpr std::uint64_t kTypeCore = 4;
constexpr std::uint64_t kLoad = 1;              // PT_LOAD
constexpr std::uint64_t kManyHeaders = 0xffff;  // PN_XNUM: the number stands in sh_info of section 0
constexpr std::uint64_t kMostOffset = std::numeric_limits<std::int64_t>::max();  // of any file: off_t has a sign

/// Where the fields stand; `word` is the size of addresses and offsets.
struct Layout {
    std::size_t word, header_bytes, phoff, shoff, phentsize, phnum;
    std::size_t entry_bytes, offset, paddr, filesz, memsz;
    std::size_t section_bytes, sh_info;
};
constexpr std::size_t kTypeAt = 16;
constexpr Layout kLayout64{8, 64, 32, 40, 54, 56, 56, 8, 24, 32, 40, 64, 44};
constexpr Layout kLayout32{4, 52, 28, 32, 42, 44, 32, 4, 12, 16, 20, 40, 28};

/// One file's way to write numbers.
struct Numbers {
    const Layout *layout = &kLayout64;
    std::endian order = std::endian::little;

    [[nodiscard]] std::uint64_t load(Bytes bytes, std::size_t at, std::size_t size) const
    {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t from = order == std::endian::big ? at + i : at + size - 1 - i;
            value = value << 8 | std::to_integer<std::uint64_t>(bytes[from]);
        }
        return value;
    }
    [[nodiscard]] std::uint64_t half(Bytes bytes, std::size_t at) const { return load(bytes, at, 2); }
    [[nodiscard]] std::uint64_t number(Bytes bytes, std::size_t at) const { return load(bytes, at, 4); }
    [[nodiscard]] std::uint64_t word(Bytes bytes, std::size_t at) const { return load(bytes, at, layout->word); }
    /// p_paddr of a segment that has no physical address, as Linux writes it: -1.
    [[nodiscard]] std::uint64_t no_address() const { return layout->word == 8 ? ~std::uint64_t{0} : 0xffffffff; }
};

struct Load {
    std::uint64_t offset, paddr, filesz, memsz;
};

Error damaged(const std::string &path, const std::string &message)
{
    return failure(path, "damaged-dump", message, "see its headers: readelf -hlW FILE; take or copy the dump again");
}

class HeaderReader
{
public:
    explicit HeaderReader(const ElfInput &input) : input_(input) {}

    ElfSegments read()
    {
        read_file_header();
        segments_.pieces.reserve(count_);
        read_program_headers();
        if (count_ == 0 && numbers_.word(header_, numbers_.layout->shoff) != 0)
            refuse_core_of_sections();
        if (loads_ == 0)
            throw damaged(input_.path, "is an ELF core without memory: none of its " + std::to_string(count_) +
                                           " program headers is a PT_LOAD");
        refuse_core_of_process();
        cut_at_end_of_file();
        return std::move(segments_);
    }

private:
    void fill(std::uint64_t offset, MutableBytes into, const char *what) const
    {
        if (offset > kMostOffset - into.size() || !input_.read(offset, into))
            throw damaged(input_.path, std::string("is an ELF core that ends inside its ") + what +
                                           ", so that nobody can tell which memory it holds");
    }

    void read_file_header()
    {
        fill(0, std::span(header_).first(kIdentBytes), "file header");
        const auto word_class = std::to_integer<unsigned>(header_[kClassAt]);
        const auto order = std::to_integer<unsigned>(header_[kDataAt]);
        if (word_class < 1 || word_class > 2 || order < 1 || order > 2)
            throw damaged(input_.path, "is an ELF file of class " + std::to_string(word_class) + " and data encoding " +
                                           std::to_string(order) + "; there are only 1 and 2 of both");
        numbers_ = {word_class == 1 ? &kLayout32 : &kLayout64, order == 1 ? std::endian::little : std::endian::big};
        const Layout &layout = *numbers_.layout;
        fill(0, std::span(header_).first(layout.header_bytes), "file header");
        if (const auto type = numbers_.half(header_, kTypeAt); type != kTypeCore)
            throw damaged(input_.path, "is an ELF file of type " + std::to_string(type) + ", not a core (4)");
        count_ = numbers_.half(header_, layout.phnum);
        if (count_ == kManyHeaders)
            count_ = count_of_section();
        check_table();
    }

    [[nodiscard]] std::uint64_t count_of_section() const
    {
        const std::uint64_t at = numbers_.word(header_, numbers_.layout->shoff);
        if (at == 0)
            throw damaged(input_.path, "is an ELF core whose number of program headers (e_phnum 0xffff) should stand "
                                       "in section 0, which it does not have");
        std::array<std::byte, kLayout64.section_bytes> section{};
        fill(at, std::span(section).first(numbers_.layout->section_bytes), "section header 0");
        return numbers_.number(section, numbers_.layout->sh_info);
    }

    /// The table of program headers, before anything is reserved for it.
    void check_table()
    {
        const Layout &layout = *numbers_.layout;
        table_ = numbers_.word(header_, layout.phoff);
        const std::uint64_t entry = numbers_.half(header_, layout.phentsize);
        if (count_ != 0 && entry != layout.entry_bytes)
            throw damaged(input_.path, "is an ELF core with program headers of " + std::to_string(entry) +
                                           " bytes (e_phentsize) where they have " +
                                           std::to_string(layout.entry_bytes));
        if (count_ > DumpPieces::kMost)
            throw damaged(input_.path, "is an ELF core that claims " + std::to_string(count_) +
                                           " program headers; more than " + std::to_string(DumpPieces::kMost) +
                                           " are not believed");
        const std::uint64_t end = input_.size_bytes.value_or(kMostOffset);
        if (table_ > end || count_ > (end - table_) / layout.entry_bytes)
            throw damaged(input_.path, "is an ELF core that ends inside its " + std::to_string(count_) +
                                           " program headers, so that nobody can tell which memory it holds");
    }

    void read_program_headers()
    {
        const std::size_t entry = numbers_.layout->entry_bytes;
        constexpr std::size_t kAtOnce = 1024;
        std::vector<std::byte> block(kAtOnce * entry);
        for (std::uint64_t done = 0; done < count_;) {
            const std::uint64_t now = std::min<std::uint64_t>(kAtOnce, count_ - done);
            const MutableBytes part = std::span(block).first(now * entry);
            fill(table_ + done * entry, part, "program headers");
            for (std::size_t i = 0; i < now; ++i)
                take(part.subspan(i * entry, entry));
            done += now;
        }
    }

    void take(Bytes entry)
    {
        const Layout &layout = *numbers_.layout;
        if (numbers_.number(entry, 0) != kLoad)
            return;
        ++loads_;
        const Load load{numbers_.word(entry, layout.offset), numbers_.word(entry, layout.paddr),
                        numbers_.word(entry, layout.filesz), numbers_.word(entry, layout.memsz)};
        if (load.paddr == numbers_.no_address())
            return;
        if (load.offset > kMostOffset || load.filesz > kMostOffset - load.offset ||
            load.paddr > ~std::uint64_t{0} - load.memsz)
            throw damaged(input_.path, "is an ELF core whose PT_LOAD number " + std::to_string(loads_) +
                                           " ends beyond any file or any memory");
        ++addressed_;
        if (load.paddr == 0)
            ++at_zero_;
        const std::uint64_t size = std::min(load.filesz, load.memsz);
        if (size != 0)
            segments_.pieces.push_back({PhysAddr(load.paddr), size, load.offset});
    }

    /// Xen's dump-core writes no program headers: memory is in the section .xen_pages, by the frames of .xen_p2m.
    void refuse_core_of_sections() const
    {
        throw failure(
            input_.path, "wrong-file-type",
            "is an ELF core whose memory is in sections, not in segments, as xl dump-core writes it for a guest "
            "of Xen (.xen_pages): which page lies where is not read from it",
            "see its sections: readelf -SW FILE; save the tables from crash(8), which opens it: rd -p -r OUT "
            "ADDRESS BYTES");
    }

    /// gdb and the kernel write 0 into p_paddr of a process's segments, as old kernels did in /proc/kcore. A single
    /// segment at 0 is a small machine's memory.
    void refuse_core_of_process() const
    {
        if (addressed_ != 0 && (at_zero_ < 2 || at_zero_ != addressed_))
            return;
        throw failure(input_.path, "wrong-file-type",
                      "is the core of a process, not of a machine: none of its " + std::to_string(loads_) +
                          " segments has a physical address",
                      "take the machine's memory: virsh dump --memory-only DOMAIN OUT, dump-guest-memory in QEMU's "
                      "monitor, or kdump; see the segments: readelf -lW FILE");
    }

    void cut_at_end_of_file()
    {
        if (!input_.size_bytes)
            return;
        const std::uint64_t has = *input_.size_bytes;
        std::uint64_t needs = 0;
        for (DumpPiece &piece : segments_.pieces) {
            needs = std::max(needs, piece.offset + piece.size);
            piece.size = piece.offset < has ? std::min(piece.size, has - piece.offset) : 0;
        }
        std::erase_if(segments_.pieces, [](const DumpPiece &piece) { return piece.size == 0; });
        if (needs > has)
            segments_.shortfall = truncated_dump(input_.path, has, needs);
    }

    const ElfInput &input_;
    Numbers numbers_;
    std::array<std::byte, kLayout64.header_bytes> header_{};
    std::uint64_t table_ = 0;      ///< offset of the program headers
    std::uint64_t count_ = 0;      ///< of program headers
    std::uint64_t loads_ = 0;      ///< of them, PT_LOAD
    std::uint64_t addressed_ = 0;  ///< of them, with a physical address
    std::uint64_t at_zero_ = 0;    ///< of them, at address 0
    ElfSegments segments_;
};

}  // namespace

ElfSegments read_elf_segments(const ElfInput &input) { return HeaderReader(input).read(); }

}  // namespace pgregion::io
