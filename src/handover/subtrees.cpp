// SPDX-License-Identifier: GPL-2.0-or-later
//
// Subtrees of KHO that are not of LUO:
//
//   memblock-v1     an FDT: / { compatible = "memblock-v1"; NAME { compatible = "reserve-mem-v1"; start, size = <u64>; }; };
//                   what the kernel's command line reserved with reserve_mem= (Linux mm/memblock.c)
//   kexec-metadata  +0 u32 version = 1 | +4 char release[65] | +69 u32 count of kexecs so far
#include "handover/reader.h"

namespace pgregion::handover
{

namespace
{

constexpr unsigned kDepth = 2;
constexpr std::size_t kReleaseBytes = 65;
constexpr std::size_t kMetadataBytes = 73;
constexpr std::uint32_t kMetadataVersion = 1;

bool read_reservation(Reader &reader, const Fdt &fdt, Fdt::Node node)
{
    const std::string version = fdt.compatible(node);
    HandoverRecord *const record = reader.add("reservation", version, kDepth, std::nullopt);
    if (record == nullptr)
        return false;
    record->fields = {text_field("name", fdt.name(node))};
    if (version != "reserve-mem-v1") {
        record->decoded = false;
        reader.note(HandoverProblemKind::version_unknown, reader.handover.fdt);
        return true;
    }
    const auto start = fdt.word(node, "start");
    const auto size = fdt.word(node, "size");
    if (!start || !size) {
        reader.note(HandoverProblemKind::property_missing, reader.handover.fdt);
        return true;
    }
    record->paddr = PhysAddr(*start);
    record->fields.push_back(word_field("start", *start));
    record->fields.push_back(word_field("size", *size));
    const std::uint64_t pages = *size / kPageBytes + (*size % kPageBytes != 0 ? 1 : 0);
    const auto kept = reader.are_preserved(page_of(PhysAddr(*start)), pages, PhysAddr(*start));
    reader.handover.records.back().preserved = kept;
    return true;
}

}  // namespace

void read_reservations(Reader &reader, const Fdt &fdt)
{
    for (const Fdt::Node node : fdt.children(Fdt::root())) {
        if (!read_reservation(reader, fdt, node))
            return;
    }
}

void read_kexec_metadata(Reader &reader, PhysAddr data)
{
    std::array<std::byte, kMetadataBytes> bytes{};
    if (!reader.read(data, bytes))
        return;
    const std::uint32_t version = load_le32(bytes);
    HandoverRecord *const record = reader.add("kexec-metadata", std::to_string(version), kDepth, data);
    if (record == nullptr)
        return;
    record->preserved = reader.is_preserved(data);
    const std::string release = text_of(Bytes(bytes).subspan(4, kReleaseBytes));
    if (version != kMetadataVersion || !is_plain(release)) {
        record->decoded = false;
        return reader.note(HandoverProblemKind::version_unknown, data);
    }
    const std::uint32_t count = load_le32(bytes, 4 + kReleaseBytes);
    record->fields = {text_field("release", release), number_field("count", count)};
    reader.handover.kexec_count = count;
}

}  // namespace pgregion::handover
