// SPDX-License-Identifier: GPL-2.0-or-later
//
// The state of the live update orchestrator (region.md section 5; Linux include/linux/kho/abi/luo.h), down to the
// file-lifecycle-bound data (FLB) that subsystems hand over:
//
//   luo-v1   an FDT: / { compatible = "luo-v1"; liveupdate-number = <u64>;
//                        luo-session { luo-session-header = <u64>; };
//                        luo-flb { compatible = "luo-flb-v1"; luo-flb-header = <u64>; }; };
//   luo-v5   +0 char compatible[8] | +8 u64 liveupdate_num | +16 u64 sessions_pa | +24 u64 flbs_pa
//
//   FLBs     +0 u64 pgcnt | +8 u64 count | count x { char name[48], u64 data, u64 count }
//
// The sessions of luo-v1 are not read. luo-v5 writes sessions and FLBs only on the way down (liveupdate_reboot()).
// luo-v2 to luo-v4 were steps of one patch series and are refused.
#include "handover/luo_layout.h"
#include "handover/reader.h"

namespace pgregion::handover
{

namespace
{

constexpr unsigned kLuoDepth = 2;
constexpr unsigned kFlbDepth = 3;
constexpr std::size_t kLuoBytes = 32;
/// The kernel takes one page.
constexpr std::uint64_t kMostFlbPages = 64;
constexpr std::size_t kVersionBytes = 8;
constexpr std::string_view kWithSessions = "luo-v5";
constexpr std::string_view kLuoFamily = "luo-v";
constexpr const char *kKnownLuo = "luo-v1, luo-v5";

struct Luo {
    PhysAddr at;
    std::string version;
    std::optional<std::uint64_t> number;
    std::optional<std::uint64_t> sessions;
    std::optional<std::uint64_t> flbs;
};

void read_flb(Reader &reader, PhysAddr at)
{
    std::array<std::byte, kFlbBytes> bytes{};
    if (!reader.read(at, bytes))
        return;
    const std::string name = text_of(Bytes(bytes).first(kFlbNameBytes));
    const std::uint64_t data = load_le64(bytes, kFlbNameBytes);
    HandoverRecord *const record = reader.add("flb", name, kFlbDepth, at);
    if (record == nullptr)
        return;
    record->fields = {word_field("data", data), number_field("count", load_le64(bytes, kFlbNameBytes + kWordBytes))};
    record->preserved = reader.is_preserved(at);
    if (name.starts_with("iommu"))
        return read_iommu_flb(reader, name, PhysAddr(data));
    record->decoded = false;
}

/// The kernel that took a hand-over in has used the page since, or nobody ever wrote it.
std::nullopt_t no_luo(Reader &reader, PhysAddr at)
{
    reader.note(HandoverProblemKind::fdt_malformed, at);
    return std::nullopt;
}

}  // namespace

void read_flbs(Reader &reader, PhysAddr at)
{
    std::array<std::byte, kLuoHeaderBytes> header{};
    if (!reader.read(at, header))
        return;
    const std::uint64_t pages = std::min(load_le64(header), kMostFlbPages);
    const std::uint64_t count = load_le64(header, kWordBytes);
    const std::uint64_t room = pages == 0 ? 0 : (pages * kPageBytes - kLuoHeaderBytes) / kFlbBytes;
    if (count > room)
        reader.note(HandoverProblemKind::count_too_big, at, count);
    for (std::uint64_t i = 0; i < std::min(count, room); ++i)
        read_flb(reader, at + kLuoHeaderBytes + i * kFlbBytes);
}

namespace
{

Luo luo_of_fdt(Reader &reader, const Fdt &fdt, PhysAddr at)
{
    Luo luo{at, fdt.compatible(Fdt::root()), fdt.word(Fdt::root(), "liveupdate-number"), {}, {}};
    if (luo.version != "luo-v1")
        throw unknown_version("the LUO data", at, luo.version, kKnownLuo);
    if (const auto sessions = fdt.child(Fdt::root(), "luo-session"))
        luo.sessions = fdt.word(*sessions, "luo-session-header");
    const auto flbs = fdt.child(Fdt::root(), "luo-flb");
    if (!flbs)
        return luo;
    if (const std::string version = fdt.compatible(*flbs); version != "luo-flb-v1")
        throw unknown_version("the list of FLBs in the LUO data", at, version, "luo-flb-v1");
    luo.flbs = fdt.word(*flbs, "luo-flb-header");
    if (!luo.flbs)
        reader.note(HandoverProblemKind::property_missing, at);
    return luo;
}

bool lists_no_flbs(Reader &reader, const Luo &luo)
{
    std::array<std::byte, kLuoHeaderBytes> header{};
    if (!luo.flbs || *luo.flbs == 0)
        return true;
    return read_bytes(reader.memory, PhysAddr(*luo.flbs), header) && load_le64(header, kWordBytes) == 0;
}

/// Nothing when it is neither an FDT nor a structure with a version.
std::optional<Luo> luo_at(Reader &reader, PhysAddr at)
{
    std::array<std::byte, kLuoBytes> head{};
    if (!reader.read(at, head))
        return std::nullopt;
    if (load_be32(head) == 0xd00dfeed) {
        const auto fdt = reader.read_fdt(at);
        if (fdt && fdt->compatible(Fdt::root()).starts_with(kLuoFamily))
            return luo_of_fdt(reader, *fdt, at);
        return no_luo(reader, at);
    }
    const std::string version = text_of(Bytes(head).first(kVersionBytes));
    if (!is_plain(version) || !version.starts_with(kLuoFamily))
        return no_luo(reader, at);
    if (version != "luo-v5")
        throw unknown_version("the LUO data", at, version, kKnownLuo);
    return Luo{at, version, load_le64(head, 8), load_le64(head, 16), load_le64(head, 24)};
}

}  // namespace

void read_luo(Reader &reader, PhysAddr data)
{
    const auto luo = luo_at(reader, data);
    if (!luo) {
        // Overwritten, or left out of a dump because it is free.
        reader.handover.head_lost = true;
        return find_by_form(reader);
    }
    reader.handover.liveupdate_number = luo->number;
    HandoverRecord *const record = reader.add("luo", luo->version, kLuoDepth, data);
    if (record == nullptr)
        return;
    if (luo->number)
        record->fields.push_back(number_field("liveupdate_number", *luo->number));
    if (luo->sessions)
        record->fields.push_back(word_field("sessions", *luo->sessions));
    if (luo->flbs)
        record->fields.push_back(word_field("flbs", *luo->flbs));
    record->preserved = reader.is_preserved(data);
    if (luo->sessions && luo->version == kWithSessions) {
        reader.handover.pending = *luo->sessions == 0 && lists_no_flbs(reader, *luo);
        if (reader.handover.pending)
            reader.note(HandoverProblemKind::nothing_written, data);
        read_sessions(reader, PhysAddr(*luo->sessions));
    }
    if (luo->flbs && *luo->flbs != 0)
        read_flbs(reader, PhysAddr(*luo->flbs));
}

}  // namespace pgregion::handover
