// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of kinds of leaves that are legal and still unwise: iommu-formats.md section 9, PT43, PT51, PT52. All of
// them look like leaves that Linux writes, so they are told from what the leaves of a domain have in common, or from
// the level of the table.
#include "check/leaf_kind_checks.h"

#include "check/encoding.h"
#include "formats/amd_v1.h"
#include "formats/vtd_ss.h"

namespace pgregion::check
{

namespace
{

using formats::AmdV1;
using formats::VtdSecondStage;

/// The bit of a leaf that makes accesses coherent; 0 in formats without one.
std::uint64_t coherence_bit(Family family)
{
    if (family == Family::vtd)
        return VtdSecondStage::kSnoop;
    return family == Family::amd ? AmdV1::kForceCoherent : 0;
}

void memory_type_mixed(const DomainView &view, FindingSink &sink)
{
    const Family family = view.domain().stage.format->family;
    if ((view.leaves.bits_or & ~view.leaves.bits_and & coherence_bit(family)) == 0)
        return;
    Finding found = view.finding(sink);
    found.detail = family == Family::vtd ? "SNP (bit 11)" : "FC (bit 60)";
    sink.add(found);
}

void nested_parent_read_only(const DomainView &view, FindingSink &sink)
{
    const bool vtd = view.domain().stage.format->family == Family::vtd;
    const bool all_writable = (view.leaves.bits_and & VtdSecondStage::kWrite) != 0;
    if (vtd && view.domain().nested && view.leaves.leaves != 0 && !all_writable)
        sink.add(view.finding(sink));
}

constexpr unsigned kLevelOf512G = 3;
constexpr unsigned kSize512GLg2 = 39;

void leaf_512g(const TableView &view, FindingSink &sink)
{
    if (view.table.level != kLevelOf512G || view.stage().format->family != Family::amd)
        return;
    for (const EntryRun &run : view.runs) {
        if (run.first.kind == EntryKind::leaf && !run.first.faults() && run.first.size_lg2 == kSize512GLg2)
            add_counted(sink, view.entry(run).finding(sink), run.count);
    }
}

}  // namespace

constexpr CheckRow kMemoryTypeMixed{
    .about = {.code = "memory-type-mixed",
              .severity = Severity::warning,
              .title = "some leaves of a domain are coherent with CPU caches and some are not",
              .message = "{entry}: leaves below this root differ in {detail}",
              .why = "Linux sets the bit in all leaves of a domain or in none. Tables of which some were made before a "
                     "switch are legal. Otherwise the bit was lost or added: what a device writes may then not be what "
                     "the CPU reads.",
              .repair = "Nothing is changed: which was meant is not known. The command mappings shows the leaves.",
              .origin = "PT43"},
    .domain = &memory_type_mixed};

constexpr CheckRow kNestedParentReadOnly{
    .about = {.code = "nested-parent-read-only",
              .severity = Severity::warning,
              .title = "the outer stage of a nested translation has leaves that cannot be written",
              .message = "{entry}: leaves below this root are read-only, and it is the outer stage of a nested "
                         "translation",
              .why = "Erratum 772415 of Intel's Sapphire Rapids: hardware that sets accessed and dirty flags of the "
                     "inner stage may write to such a page all the same. Linux refuses to make such a mapping there.",
              .repair = "Nothing is changed: on other processors it is legal.",
              .origin = "PT51"},
    .domain = &nested_parent_read_only};

constexpr CheckRow kLeaf512G{
    .about = {.code = "leaf-512g",
              .severity = Severity::warning,
              .title = "a leaf of 512 GiB",
              .message = "{entry} is a leaf of 512 GiB at {target}; such leaves in this table: {expected_count}",
              .why =
                  "AMD hardware has a bug with leaves of this size, so Linux never makes one. A pointer that lost its "
                  "NextLevel looks like this, and then a device reaches half a tebibyte.",
              .repair = "Nothing is changed: the manual allows the size.",
              .origin = "PT52"},
    .table = &leaf_512g};

}  // namespace pgregion::check
