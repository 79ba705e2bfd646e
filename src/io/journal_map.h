// SPDX-License-Identifier: GPL-2.0-or-later
//
// A journal mapped for reading: only the heads of its records are looked at, however long they are.
#pragma once

#include "base/bytes.h"
#include "io/fault_guard.h"

#include <optional>

namespace pgregion::io
{

class JournalMap
{
public:
    /// Maps all of the file; an empty one gives no bytes. Throws std::system_error.
    explicit JournalMap(int descriptor);
    JournalMap(const JournalMap &) = delete;
    JournalMap &operator=(const JournalMap &) = delete;
    ~JournalMap();

    [[nodiscard]] Bytes bytes() const { return {static_cast<const std::byte *>(address_), size_}; }

    /// Throws std::system_error (EIO) when a page could not be read and zeros took its place.
    void ensure_intact() const;

private:
    void *address_ = nullptr;
    std::size_t size_ = 0;
    std::optional<FaultGuard> guard_;
};

}  // namespace pgregion::io
