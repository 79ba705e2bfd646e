// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the readers of single layers share: the memory, the hand-over under construction, the tracker.
#pragma once

#include "handover/fdt.h"
#include "handover/preserved_set.h"

#include <pgregion/error.h>
#include <pgregion/handover.h>

#include <string>
#include <string_view>
#include <vector>

namespace pgregion::handover
{

struct Reader {
    const MemorySource &memory;
    Handover &handover;
    PreservedSet *preserved = nullptr;
    std::uint64_t pages_left = std::uint64_t{1} << 16;       ///< of arrays, in all chains together
    std::uint64_t fdt_bytes_left = std::uint64_t{64} << 20;  ///< of FDTs, all together

    /// Adds a record and returns it; null when there is no room for more. Valid until the next one.
    HandoverRecord *add(std::string_view kind, std::string version, unsigned depth, std::optional<PhysAddr> paddr);
    void note(HandoverProblemKind kind, PhysAddr at, std::uint64_t observed = 0)
    {
        handover.note({kind, at, observed});
    }
    /// Reads bytes and notes the page when they are not there.
    [[nodiscard]] bool read(PhysAddr address, MutableBytes out);
    /// An FDT below the first; nothing when there is none, or no more may be read.
    [[nodiscard]] std::optional<Fdt> read_fdt(PhysAddr address);
    /// Looks the page up, and notes when the next kernel will not find it; nothing where that cannot be told.
    [[nodiscard]] std::optional<bool> is_preserved(PhysAddr address);
};

[[nodiscard]] HandoverField number_field(std::string_view name, std::uint64_t value);
[[nodiscard]] HandoverField word_field(std::string_view name, std::uint64_t value);
[[nodiscard]] HandoverField text_field(std::string_view name, std::string text);

/// The text of a char array of the kernel, up to its NUL.
[[nodiscard]] std::string text_of(Bytes bytes);
/// True for non-empty text of printable ASCII.
[[nodiscard]] bool is_plain(std::string_view text);

/// "unknown-handover-version": `what` at `at` says `found`; `known` lists what is decoded.
[[nodiscard]] Error unknown_version(const std::string &what, PhysAddr at, const std::string &found,
                                    const std::string &known);

/// "0x1a".
[[nodiscard]] std::string hex_text(std::uint64_t value);

/// Each reads one layer and those below.
void read_kho(Reader &reader, const Fdt &fdt);
void read_luo(Reader &reader, PhysAddr data);
void read_iommu_flb(Reader &reader, const std::string &name, PhysAddr data);
void read_intel_rfc(Reader &reader, const Fdt &fdt, Fdt::Node node);

}  // namespace pgregion::handover
