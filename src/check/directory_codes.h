// SPDX-License-Identifier: GPL-2.0-or-later
//
// What single records of directories say that their decoding (DirectoryRecord) leaves out: why a record is invalid,
// which pointer is misaligned, which switch hides faults, under which id hardware caches its page tables. One place
// for all directory formats, so that the checks need not know them; of a format of no family that it knows it says
// nothing but that hardware refuses a record.
//
// Source: iommu-formats.md sections 1.2 to 1.7 (VT-d), 2.2 and 2.3 (AMD-Vi), 4.1 to 4.3 (SMMUv3), 5.2 to 5.4 (RISC-V).
#pragma once

#include <pgregion/walk.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgregion::check
{

/// The record of the device that `words` stand for or, in tables of its PASIDs, that led to them; zero in tables
/// above it and in tables that stand alone.
[[nodiscard]] RecordWords device_record(const DirectoryFormat &format, const DirectoryTable &table,
                                        const RecordWords &words);
/// True for tables whose records are one device each.
[[nodiscard]] bool holds_devices(const DirectoryFormat &format, const DirectoryTable &table);

/// True when the record lets its device ask for translations and send translated requests, which pass all page
/// tables: TT = 1 and DTE (VT-d), I (AMD-Vi), EATS (SMMUv3), EN_ATS (RISC-V). False above the records of devices.
[[nodiscard]] bool uses_ats(const DirectoryFormat &format, const DirectoryTable &table, const RecordWords &words);

/// The switch of a present record that keeps faults from being recorded ("FPD"); empty when none is thrown.
[[nodiscard]] std::string_view faults_hidden_by(const DirectoryFormat &format, const DirectoryTable &table,
                                                const RecordWords &words);

/// Why a present record is not what the manual allows.
struct InvalidRecord {
    std::string_view detail;     ///< "reserved bits", or the field that is wrong
    std::uint64_t word = 0;      ///< the 64-bit word that holds it
    std::uint64_t bits_set = 0;  ///< reserved bits that are set in it; 0 for fields
    bool faults = false;         ///< hardware refuses every request that gets here
    /// False where revisions of the manual differ, or our source is not sure.
    bool certain = true;
};

/// Nothing for records that are valid, blocked or not present.
[[nodiscard]] std::optional<InvalidRecord> invalid_record(const DirectoryFormat &format, const DirectoryStep &step);

/// A pointer with bits set below the alignment of the table it leads to.
struct MisalignedPointer {
    std::string_view detail;  ///< what it should lead to
    PhysAddr pointer;
    std::uint64_t align_bytes = 0;
    bool faults = false;  ///< hardware refuses it; else it takes the bits as zero
    bool certain = true;  ///< as in InvalidRecord
};

[[nodiscard]] std::optional<MisalignedPointer> misaligned_pointer(const DirectoryFormat &format,
                                                                  const DirectoryStep &step);

/// Why a record looks like one that was being written; empty when it does not.
[[nodiscard]] std::string_view torn_because(const DirectoryFormat &format, const DirectoryStep &step);

/// The id under which hardware caches translations of the tables behind a record, unique within a unit: domain id,
/// VMID or GSCID for tables of the second stage; with PASID, ASID or PSCID for those of the first. Nothing without
/// tables, and for ids that several tables may share: VT-d's domain 1 of first-stage tables.
[[nodiscard]] std::optional<std::uint64_t> cache_tag(const DirectoryFormat &format, const DirectoryStep &step,
                                                     std::optional<std::uint32_t> pasid);

/// Everything that says how large the address space below a root is: levels, and where tables are not always full the
/// granule and the width of addresses.
[[nodiscard]] std::uint64_t extent_of(const Stage &stage);

}  // namespace pgregion::check
