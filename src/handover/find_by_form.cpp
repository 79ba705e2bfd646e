// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel that takes a hand-over in frees the head of LUO early in its boot, and the pages of FLBs and sessions much
// later. Until then they are found by their form: pages that began as zeros, with counts, names padded with zeros and
// addresses of pages.
#include "handover/luo_layout.h"
#include "handover/reader.h"

namespace pgregion::handover
{

namespace
{

constexpr unsigned kDepth = 2;
constexpr std::uint64_t kMostReferences = 1U << 20;
constexpr std::size_t kMostPages = 1024;

/// Printable text, and zeros up to the end of `bytes`.
bool is_padded_name(Bytes bytes)
{
    const std::string name = text_of(bytes);
    return name.size() < bytes.size() && is_plain(name) && all_zero(bytes.subspan(name.size()));
}

bool is_page_or_zero(std::uint64_t address) { return address % kPageBytes == 0 && address >> 52 == 0; }

/// True when the first `count` entries fit and zeros follow them.
template <class Fits>
bool entries_fit(Bytes page, std::uint64_t count, std::size_t bytes, Fits fits)
{
    if (count == 0 || count > (kPageBytes - kLuoHeaderBytes) / bytes)
        return false;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!fits(page.subspan(kLuoHeaderBytes + i * bytes, bytes)))
            return false;
    }
    return all_zero(page.subspan(kLuoHeaderBytes + count * bytes));
}

bool is_flb_page(Bytes page)
{
    return load_le64(page) == 1 && entries_fit(page, load_le64(page, kWordBytes), kFlbBytes, [](Bytes entry) {
               return is_padded_name(entry.first(kFlbNameBytes)) && load_le64(entry, 56) <= kMostReferences;
           });
}

bool is_file_page(Bytes page)
{
    return is_page_or_zero(load_le64(page)) &&
           entries_fit(page, load_le64(page, kWordBytes), kFileBytes,
                       [](Bytes entry) { return is_padded_name(entry.first(kFileNameBytes)); });
}

/// One session at least has files, and the first block of them looks like one.
bool is_session_page(const MemorySource &memory, Bytes page)
{
    bool has_files = false;
    const auto fits = [&](Bytes entry) {
        const std::uint64_t files = load_le64(entry, kSessionNameBytes);
        const std::uint64_t count = load_le64(entry, kSessionNameBytes + kWordBytes);
        if (!is_padded_name(entry.first(kSessionNameBytes)) || !is_page_or_zero(files) ||
            (files == 0) != (count == 0) || count > kMostReferences)
            return false;
        if (files == 0)
            return true;
        std::vector<std::byte> block(kPageBytes);
        has_files = true;
        return read_bytes(memory, PhysAddr(files), block) && is_file_page(block);
    };
    return is_page_or_zero(load_le64(page)) && entries_fit(page, load_le64(page, kWordBytes), kSessionBytes, fits) &&
           has_files;
}

HandoverRecord *add(Reader &reader, std::string_view kind, PhysAddr at, Bytes page)
{
    HandoverRecord *const record = reader.add(kind, {}, kDepth, at);
    if (record != nullptr)
        record->fields = {number_field("count", load_le64(page, kWordBytes))};
    return record;
}

/// FLBs of a version that is not known must not hide the rest.
void read_flbs_gently(Reader &reader, PhysAddr at)
{
    try {
        read_flbs(reader, at);
    } catch (const Error &error) {
        if (!error.is(ErrorClass::unknown_version))
            throw;
        reader.handover.records.back().decoded = false;
        reader.note(HandoverProblemKind::version_unknown, reader.handover.records.back().paddr);
    }
}

}  // namespace

void find_by_form(Reader &reader)
{
    std::vector<PhysAddr> flbs;
    std::vector<PhysAddr> sessions;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer{};
    for (const Range<PhysAddr> &range : reader.search) {
        const std::uint64_t skipped = page_of(range.first + (kPageBytes - 1)) - range.first;
        for (std::uint64_t at = skipped; at < range.size && range.size - at >= kPageBytes; at += kPageBytes) {
            const Bytes page = reader.memory.page(range.first + at, buffer);
            // Most pages are no candidates by their counts alone.
            if (page.size() < kPageBytes || load_le64(page, kWordBytes) - 1 >= kFlbBytes ||
                std::ranges::binary_search(reader.claimed, range.first + at))
                continue;
            if (flbs.size() + sessions.size() >= kMostPages)
                return reader.note(HandoverProblemKind::too_many_records, range.first + at);
            if (is_flb_page(page))
                flbs.push_back(range.first + at);
            else if (is_session_page(reader.memory, page))
                sessions.push_back(range.first + at);
        }
    }
    std::vector<std::byte> page(kPageBytes);
    for (const PhysAddr at : sessions) {
        if (reader.read(at, page) && add(reader, "session-page", at, page) != nullptr)
            read_sessions(reader, at);
    }
    for (const PhysAddr at : flbs) {
        if (reader.read(at, page) && add(reader, "flb-page", at, page) != nullptr)
            read_flbs_gently(reader, at);
    }
}

}  // namespace pgregion::handover
