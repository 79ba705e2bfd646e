// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is inside a file, layer by layer: a dump may be flattened, and that compressed.
//
//   mapped file ──► what its first bytes say ──► packed: unpack into a file without a name, look again
//                                            ├─► dump: memory by physical address
//                                            └─► else: bytes as they are
#pragma once

#include "io/addressed_memory.h"
#include "io/kdump_layout.h"
#include "io/mapped_file.h"
#include "io/signatures.h"

#include <memory>
#include <optional>
#include <string>

namespace pgregion::io
{

/// The innermost layer.
struct Innermost {
    std::unique_ptr<MappedFile> file;
    Content content = Content::memory;    ///< memory or a dump
    bool unpacked = false;                ///< the file is a copy, not what the path names
    std::optional<Error> shortfall = {};  ///< a layer above was cut short
};

/// Unpacks `file`, which is mapped, as often as its bytes ask for it. Throws as unpack(), "wrong-file-type", and
/// "damaged-archive" where more layers lie within each other than anybody makes.
[[nodiscard]] Innermost peel(const std::string &path, std::unique_ptr<MappedFile> file, const OpenLimits &limits);

/// A copy of all that `descriptor` gives, peeled.
[[nodiscard]] Innermost peel_stream(const std::string &path, int descriptor, const OpenLimits &limits);

/// The memory of a dump; null when it is none. Throws as the opener of its kind, and "no-whole-page". `parts` are further files of a split kdump. The memory may refer to the
/// mapped file.
[[nodiscard]] std::unique_ptr<AddressedMemory> open_dump(const std::string &path, const Innermost &innermost,
                                                         std::span<const KdumpFile> parts);

}  // namespace pgregion::io
