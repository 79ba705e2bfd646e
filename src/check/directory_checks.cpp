// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of single directory records: what they let through, and whether they are as the manual wants them.
// Source: iommu-formats.md section 9 (PT34 to PT38, PT47). What the bits of each architecture mean is in
// directory_codes.h.
#include "check/directory_checks.h"

#include "check/directory_codes.h"

#include <array>

namespace pgregion::check
{

namespace
{

void root_misaligned(const Facts &facts, FindingSink &sink)
{
    LimitedSink out(sink);
    for (const RecordFact &record : facts.records) {
        const auto pointer = misaligned_pointer(facts.directory(record.unit), record.step);
        if (!pointer)
            continue;
        Finding finding = blockable(sink, facts, record, pointer->faults ? RepairPolicy::safe : RepairPolicy::all);
        finding.target = pointer->pointer;
        finding.size_bytes = pointer->align_bytes;
        finding.detail = pointer->detail;
        if (!pointer->certain) {
            finding.severity = Severity::warning;
            finding.repair = RepairPolicy::none;
            finding.remedy = Remedy::none;
        }
        out.add(finding);
    }
}

constexpr CheckRow kRootMisaligned{
    .about = {.code = "root-misaligned",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "for a PASID directory, which hardware takes",
              .title = "a directory record points between the places where its table may begin",
              .message = "{record} leads to its {detail} at {target}, which is no multiple of {size}",
              .why = "SMMUv3 takes the address bits below the alignment as zero and reads a table that begins before "
                     "the one meant; RISC-V refuses the device context. Either the pointer or the size beside it is "
                     "damaged. For a PASID directory it is a warning: hardware takes it, but operating systems align "
                     "one to its whole size.",
              .repair = "Makes the record one that blocks its devices: safely where the hardware refuses it already, "
                        "only with -y where it follows the pointer. The address is never corrected. A PASID directory "
                        "is left as it is.",
              .origin = "PT34"},
    .facts = root_misaligned};

void directory_entry_invalid(const Facts &facts, FindingSink &sink)
{
    LimitedSink out(sink);
    for (const RecordFact &record : facts.records) {
        const DirectoryFormat &format = facts.directory(record.unit);
        const auto invalid = invalid_record(format, record.step);
        const auto pointer = misaligned_pointer(format, record.step);
        if (!invalid || (pointer && pointer->faults))
            continue;
        const bool safe = invalid->faults && invalid->certain;
        Finding finding = blockable(sink, facts, record, safe ? RepairPolicy::safe : RepairPolicy::all);
        finding.observed = invalid->word;
        if (invalid->bits_set != 0)
            finding.expected = invalid->word & ~invalid->bits_set;
        finding.detail = invalid->detail;
        if (!invalid->certain)
            finding.severity = Severity::warning;
        out.add(finding);
    }
}

constexpr CheckRow kDirectoryEntryInvalid{
    .about = {.code = "directory-entry-invalid",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "where revisions of the manual differ",
              .title = "a directory record has reserved bits or a reserved code",
              .message = "{record} is invalid: {detail}, in its word {observed}",
              .why = "The hardware refuses every request of the devices behind it; where the manual calls a code "
                     "reserved but does not refuse it, what happens depends on the model. Nothing writes such a "
                     "record on purpose, so the rest of it may be damaged, too. It is a warning where revisions of "
                     "the manual differ: bits 8:5 of a VT-d scalable context entry, HAD = 2 and bits 63:52 of a GCR3 "
                     "entry of AMD-Vi.",
              .repair = "Makes the record one that blocks its devices: safely where the hardware refuses it already, "
                        "else only with -y. Single bits are never cleared: that could turn a refused record into one "
                        "that translates.",
              .origin = "PT35"},
    .facts = directory_entry_invalid};

/// True when `device` goes on where the range of `finding` ends.
bool goes_on(const Finding &finding, const DomainUser &user)
{
    return finding.unit == user.unit && finding.last_device.value_or(0) + 1 == user.device.id;
}

void device_unprotected(const Facts &facts, FindingSink &sink)
{
    std::vector<Finding> rows;
    for (const DomainUser &user : facts.devices) {
        const Device &device = user.device;
        if (device.translation.kind != TranslationKind::unprotected || device.pasid)
            continue;
        if (rows.empty() || !goes_on(rows.back(), user)) {
            const DirectoryFormat &format = facts.directory(user.unit);
            Finding &row = rows.emplace_back(sink.finding());
            row.table = device.table;
            row.index = device.index;
            row.unit = user.unit;
            row.device = device.id;
            row.record_bytes = static_cast<std::uint8_t>(format.table_types.front().record_bytes);
            row.repair = RepairPolicy::all;
            row.remedy = Remedy::block_record;
        }
        rows.back().last_device = device.last_id;
    }
    for (Finding &row : rows)
        sink.add(std::move(row));
}

constexpr CheckRow kDeviceUnprotected{
    .about = {.code = "device-unprotected",
              .severity = Severity::error,
              .security = true,
              .title = "a device whose requests reach all memory because its entry is not valid",
              .message = "{devices}: V = 0 from {record} on, so nothing is translated and all memory can be reached",
              .why = "In the device table of AMD-Vi an entry with V = 0, an entry of zeros too, does not block: "
                     "requests pass untranslated. A device with one of these ids, also one that is plugged in later "
                     "or that takes a false id, reads and writes all memory.",
              .repair = "Writes V = 1, TV = 1, IR = 0, IW = 0 into each of the entries, which blocks the devices; only "
                        "with -y, because a device that works untranslated stops working.",
              .origin = "PT36"},
    .facts = device_unprotected};

/// True when the record passes requests through, and needs no line of its own: it is the next after those of
/// `finding`.
bool is_alike(const Finding &finding, const RecordFact &record)
{
    return finding.table == record.step.table.address && finding.unit == record.unit && !finding.pasid &&
           !record.place.pasid && finding.last_device.value_or(0) + 1 == record.place.device;
}

void device_pass_through(const Facts &facts, FindingSink &sink)
{
    std::vector<Finding> rows;
    for (const RecordFact &record : facts.records) {
        const auto &translation = record.step.record.translation;
        if (!translation || translation->kind != TranslationKind::pass_through)
            continue;
        if (rows.empty() || !is_alike(rows.back(), record))
            rows.push_back(finding_at(sink, facts, record));
        if (!record.place.pasid)
            rows.back().last_device = record.place.device;
    }
    LimitedSink out(sink);
    for (const Finding &row : rows)
        out.add(row);
}

constexpr CheckRow kDevicePassThrough{
    .about = {.code = "device-pass-through",
              .severity = Severity::warning,
              .title = "requests of a device pass untranslated",
              .message = "{devices}: requests pass untranslated, by {record}",
              .why = "The device reaches all memory, page tables included: nothing holds it but its own good "
                     "behaviour. Identity domains of trusted devices look like this, so it may be meant.",
              .repair = "Nothing is repaired: the record is legal. Where the device should be translated, let the "
                        "operating system attach it to a domain (iommu.passthrough=0 on its command line).",
              .origin = "PT36"},
    .facts = device_pass_through};

void fault_reporting_off(const Facts &facts, FindingSink &sink)
{
    LimitedSink out(sink);
    for (const RecordFact &record : facts.records) {
        const std::string_view hidden =
            faults_hidden_by(facts.directory(record.unit), record.step.table, record.step.words);
        if (hidden.empty())
            continue;
        Finding finding = finding_at(sink, facts, record);
        finding.detail = hidden;
        out.add(finding);
    }
}

constexpr CheckRow kFaultReportingOff{
    .about = {.code = "fault-reporting-off",
              .severity = Severity::warning,
              .title = "faults of a device are not recorded",
              .message = "{record} keeps faults of its devices from being recorded ({detail})",
              .why = "Requests are still refused, but nobody hears of it: a device that probes memory, or tables that "
                     "are damaged, go unnoticed. Operating systems set it for a moment while they quiet a device.",
              .repair = "Nothing is repaired: the record is legal. Have the operating system attach the device again.",
              .origin = "PT37"},
    .facts = fault_reporting_off};

void ats_enabled(const Facts &facts, FindingSink &sink)
{
    LimitedSink out(sink);
    for (const RecordFact &record : facts.records) {
        const DirectoryFormat &format = facts.directory(record.unit);
        const DirectoryStep &step = record.step;
        const bool of_device = holds_devices(format, step.table) && step.record.present && !step.record.fault;
        if (of_device && uses_ats(format, step.table, step.words))
            out.add(finding_at(sink, facts, record));
    }
}

constexpr CheckRow kAtsEnabled{
    .about = {.code = "ats-enabled",
              .severity = Severity::info,
              .title = "a device may translate addresses itself (ATS)",
              .message = "{record} lets {device} use ATS",
              .why = "The device asks for translations, keeps them, and sends requests that it calls translated: these "
                     "pass the page tables. That is right for a device that is trusted. Where its page tables are "
                     "damaged as well, it may go on using what it learned from them.",
              .repair = "Nothing is repaired: it is a feature. pci=noats on the command line of Linux turns it off.",
              .origin = "PT38"},
    .facts = ats_enabled};

void directory_entry_torn(const Facts &facts, FindingSink &sink)
{
    LimitedSink out(sink);
    for (const RecordFact &record : facts.records) {
        const std::string_view detail = torn_because(facts.directory(record.unit), record.step);
        if (detail.empty())
            continue;
        Finding finding = blockable(sink, facts, record, RepairPolicy::all);
        finding.detail = detail;
        out.add(finding);
    }
}

constexpr CheckRow kDirectoryEntryTorn{
    .about = {.code = "directory-entry-torn",
              .severity = Severity::warning,
              .title = "a directory record that is half written",
              .message = "{record} looks half written: {detail}",
              .why =
                  "A record is written in several steps. An image taken in between, or a lost write, leaves parts of "
                  "two records. While it is not present the devices are blocked; when it is, they read page tables "
                  "that are not theirs.",
              .repair = "Makes the record one that blocks its devices; only with -y, because its remains may tell "
                        "somebody what it was. A new image, taken while nothing changes, may show it whole.",
              .origin = "PT47"},
    .facts = directory_entry_torn};

constexpr std::array kRows{
    &kRootMisaligned,      &kDirectoryEntryInvalid, &kDeviceUnprotected, &kDevicePassThrough, &kFaultReportingOff,
    &kAtsEnabled,          &kDirectoryEntryTorn,    &kDepthMismatch,     &kDomainIdShared,    &kRootLevelsDiffer,
    &kContextTableCleared, &kRootPageSkipped,
};

}  // namespace

std::span<const CheckRow *const> directory_rows() { return kRows; }

}  // namespace pgregion::check
