// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the readers of single layers share: the memory, the hand-over under construction, the tracker.
#pragma once

#include "handover/fdt.h"
#include "handover/preserved_set.h"

#include <pgregion/error.h>
#include <pgregion/handover.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgregion::handover
{

struct Reader {
    const MemorySource &memory;
    Handover &handover;
    PreservedSet *preserved = nullptr;
    std::uint64_t pages_left = std::uint64_t{1} << 16;        ///< of arrays, in all chains together
    std::uint64_t fdt_bytes_left = std::uint64_t{64} << 20;   ///< of FDTs, all together
    std::uint64_t folio_pages_left = std::uint64_t{1} << 18;  ///< of the arrays of pages that files have, all together
    std::uint64_t steps_left = std::uint64_t{1} << 26;        ///< of preserved memory that is asked piece by piece
    std::span<const Range<PhysAddr>> search = {};
    std::span<const PhysAddr> claimed = {};

    /// Adds a record and returns it; null when there is no room for more. Valid until the next one.
    HandoverRecord *add(std::string_view kind, std::string version, unsigned depth, std::optional<PhysAddr> paddr);
    void note(HandoverProblemKind kind, std::optional<PhysAddr> at, std::uint64_t observed = 0)
    {
        handover.note({kind, at, observed});
    }
    /// Reads bytes and notes the page when they are not there.
    [[nodiscard]] bool read(PhysAddr address, MutableBytes out);
    /// An FDT below the first; nothing when there is none, or no more may be read.
    [[nodiscard]] std::optional<Fdt> read_fdt(PhysAddr address);
    /// Looks the page up, and notes when the next kernel will not find it; nothing where that cannot be told.
    [[nodiscard]] std::optional<bool> is_preserved(PhysAddr address);
    /// The same of `pages` pages from `first` on, which the record at `record` names.
    [[nodiscard]] std::optional<bool> are_preserved(PhysAddr first, std::uint64_t pages,
                                                    std::optional<PhysAddr> record);
};

[[nodiscard]] HandoverField number_field(std::string_view name, std::uint64_t value);
[[nodiscard]] HandoverField word_field(std::string_view name, std::uint64_t value);
[[nodiscard]] HandoverField text_field(std::string_view name, std::string text);

/// The text of a char array of the kernel, up to its NUL.
[[nodiscard]] std::string text_of(Bytes bytes);
/// True for non-empty text of printable ASCII.
[[nodiscard]] bool is_plain(std::string_view text);

/// "unknown-handover-version": `what` at `at` says `found`; `known` lists what is decoded.
[[nodiscard]] Error unknown_version(const std::string &what, std::optional<PhysAddr> at, const std::string &found,
                                    const std::string &known);

/// "not-a-handover-fdt": what is at `start`, an FDT of another kind or none at all.
[[nodiscard]] Error no_kho(const HandoverStart &start, bool is_fdt);

/// True when the root says that it is a KHO FDT, of whatever version.
[[nodiscard]] bool is_kho(const Fdt &fdt);

/// What tells one KHO FDT from another.
struct KhoParts {
    std::string version;
    std::uint64_t map = 0;
    std::set<std::pair<std::string, std::uint64_t>> subtrees;  ///< names, and where their data lie
};
[[nodiscard]] KhoParts parts_of(const Fdt &fdt);

/// True when the tracker that the FDT names holds the page at `at`.
[[nodiscard]] bool holds_itself(const MemorySource &memory, const Fdt &fdt, PhysAddr at);

/// "0x1a".
[[nodiscard]] std::string hex_text(std::uint64_t value);

/// Each reads one layer and those below.
void read_kho(Reader &reader, const Fdt &fdt);
void read_luo(Reader &reader, PhysAddr data);
void read_flbs(Reader &reader, PhysAddr at);
void read_sessions(Reader &reader, PhysAddr first);
void read_memfd(Reader &reader, PhysAddr data);
void read_reservations(Reader &reader, const Fdt &fdt);
void read_kexec_metadata(Reader &reader, PhysAddr data);
/// Looks through Reader::search for pages of FLBs and of sessions, and reads those.
void find_by_form(Reader &reader);
void read_iommu_flb(Reader &reader, const std::string &name, PhysAddr data);
void read_intel_rfc(Reader &reader, const Fdt &fdt, Fdt::Node node);

}  // namespace pgregion::handover
