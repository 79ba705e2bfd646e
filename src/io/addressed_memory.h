// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory that knows its physical addresses: a dump, or a live machine. What each kind of dump makes of a file, and
// what Source (pgregion/open.h) hands on.
//
// An opener is a function open_X() that gives the memory or throws: "damaged-dump" for a file that begins like its
// kind and then contradicts itself. It trusts nothing that the file says: numbers are checked before they are added,
// counts before memory is reserved. Beyond the file an opened dump keeps at most 64 MiB.
#pragma once

#include <pgregion/address.h>
#include <pgregion/error.h>
#include <pgregion/memory_source.h>
#include <pgregion/open.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace pgregion::io
{

class AddressedMemory : public MemorySource
{
public:
    /// What it holds: sorted, apart from each other, whole 4-KiB pages. page() answers for these, unless they turn out to
    /// be lost, and nothing else; several threads may call it at once.
    [[nodiscard]] virtual std::span<const Range<PhysAddr>> ranges() const = 0;

    /// Operational "truncated-dump": the file ends before what it says it holds. Message and hint say how much is
    /// missing and what to do; the missing pages are holes.
    [[nodiscard]] virtual const std::optional<Error> &shortfall() const = 0;

    /// As Source::lost_pages() and remark().
    [[nodiscard]] virtual std::shared_ptr<const LostPages> lost_pages() const { return nullptr; }
    [[nodiscard]] virtual std::string_view remark() const { return {}; }

    /// Throws Error when something behind it failed since it was opened (a child process died, …).
    virtual void ensure_intact() const {}

    [[nodiscard]] std::uint64_t size_bytes() const override
    {
        std::uint64_t total = 0;
        for (const Range<PhysAddr> &range : ranges())
            total += range.size;
        return total;
    }
};

}  // namespace pgregion::io
