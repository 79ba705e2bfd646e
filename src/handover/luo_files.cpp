// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sessions of luo-v5 with their files (Linux 7.3 include/linux/kho/abi/luo.h):
//
//   block    a page: +0 u64 next | +8 u64 count | entries
//   session  +0 char name[64] | +64 u64 first block of files | +72 u64 count of files
//   file     +0 char compatible[48] | +48 u64 data | +56 u64 token
//
// What a file's data is, its handler alone knows. Those that are not known are named, and not followed.
#include "handover/luo_layout.h"
#include "handover/reader.h"

#include <set>

namespace pgregion::handover
{

namespace
{

constexpr unsigned kSessionDepth = 3;
constexpr unsigned kFileDepth = 4;
constexpr std::string_view kMemfdFamily = "memfd-v";

/// Hands the entries of a chain of blocks to `take(PhysAddr, Bytes)` until it returns false.
template <class Take>
void for_each_entry(Reader &reader, PhysAddr first, std::size_t entry_bytes, Take take)
{
    std::set<PhysAddr> seen;
    PhysAddr last(0);
    std::vector<std::byte> page(kPageBytes);
    for (PhysAddr block = first; block != PhysAddr(0); block = PhysAddr(load_le64(page))) {
        if (block != page_of(block))
            return reader.note(HandoverProblemKind::pointer_misaligned, last, block.value());
        if (reader.pages_left == 0)
            return reader.note(HandoverProblemKind::chain_too_long, last);
        if (!seen.insert(block).second)
            return reader.note(HandoverProblemKind::chain_cycle, last, block.value());
        --reader.pages_left;
        if (!reader.read(block, page))
            return;
        const std::uint64_t count = load_le64(page, kWordBytes);
        const std::uint64_t room = (kPageBytes - kLuoHeaderBytes) / entry_bytes;
        if (count > room)
            reader.note(HandoverProblemKind::count_too_big, block, count);
        for (std::uint64_t i = 0; i < std::min(count, room); ++i) {
            const std::size_t offset = kLuoHeaderBytes + i * entry_bytes;
            if (!take(block + offset, Bytes(page).subspan(offset, entry_bytes)))
                return;
        }
        last = block;
    }
}

bool read_file(Reader &reader, PhysAddr at, Bytes bytes)
{
    const std::string handler = text_of(bytes.first(kFileNameBytes));
    const PhysAddr data(load_le64(bytes, kFileNameBytes));
    HandoverRecord *const record = reader.add("file", handler, kFileDepth, at);
    if (record == nullptr)
        return false;
    record->fields = {word_field("data", data.value()), word_field("token", load_le64(bytes, kFileNameBytes + 8))};
    record->preserved = reader.is_preserved(at);
    if (handler == "memfd-v2") {
        read_memfd(reader, data);
        return true;
    }
    record->decoded = false;
    if (handler.starts_with(kMemfdFamily))
        reader.note(HandoverProblemKind::version_unknown, at);
    return true;
}

bool read_session(Reader &reader, PhysAddr at, Bytes bytes)
{
    HandoverRecord *const record = reader.add("session", {}, kSessionDepth, at);
    if (record == nullptr)
        return false;
    const PhysAddr files(load_le64(bytes, kSessionNameBytes));
    const std::uint64_t count = load_le64(bytes, kSessionNameBytes + kWordBytes);
    record->fields = {text_field("name", text_of(bytes.first(kSessionNameBytes))), word_field("files", files.value()),
                      number_field("count", count)};
    record->preserved = reader.is_preserved(at);
    std::uint64_t found = 0;
    for_each_entry(reader, files, kFileBytes,
                   [&](PhysAddr file, Bytes entry) { return ++found <= count && read_file(reader, file, entry); });
    if (found != count)
        reader.note(HandoverProblemKind::count_too_big, at, count);
    return true;
}

}  // namespace

void read_sessions(Reader &reader, PhysAddr first)
{
    for_each_entry(reader, first, kSessionBytes,
                   [&](PhysAddr at, Bytes entry) { return read_session(reader, at, entry); });
}

}  // namespace pgregion::handover
