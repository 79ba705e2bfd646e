// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files that must be unpacked before they are memory: zstd, xz, gzip, zlib, flattened dumps (makedumpfile -F), and standard
// input, which can be read only once. The bytes go to a file without a name, in which pages of zeros are holes.
#pragma once

#include "base/bytes.h"
#include "io/descriptor.h"

#include <pgregion/error.h>
#include <pgregion/open.h>

#include <optional>
#include <string>

namespace pgregion::io
{

enum class Packing { zstd, xz, gzip, zlib, flattened };

/// What came out.
struct Unpacked {
    Descriptor file;  ///< no name; removed when it is closed
    std::uint64_t size_bytes = 0;
    std::optional<Error> shortfall = {};  ///< "truncated-dump": the input ends in the middle; what came before is there
};

/// Unpacks `packed`, the whole input. Several archives one after another give their contents one after another;
/// zeros behind the last are padding; anything else there is "damaged-archive", because a damaged further archive looks
/// like that. An input that ends in the middle is a shortfall, and all that could be decoded is kept; a flattened dump
/// without its end mark, too. Throws "unpack-limit", "damaged-archive" (a wrong sum, no such encoding: what came before
/// it is not to be believed), "cannot-unpack" (no space: names the folder, and TMPDIR; or it was packed so that
/// unpacking takes more than 48 MiB of memory).
[[nodiscard]] Unpacked unpack(const std::string &path, Packing packing, Bytes packed, const OpenLimits &limits);

/// Copies all that `descriptor` gives until its end. Throws "unpack-limit", "cannot-unpack", "cannot-read" (also for a
/// terminal, which would be waited for).
[[nodiscard]] Unpacked copy_stream(const std::string &path, int descriptor, const OpenLimits &limits);

}  // namespace pgregion::io
