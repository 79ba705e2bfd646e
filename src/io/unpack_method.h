// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the methods of unpacking have in common: each is one function from the packed bytes to a SparseFile, and tells
// what is missing at the end of an input that was cut short.
#pragma once

#include "base/bytes.h"
#include "io/sparse_file.h"

#include <pgregion/error.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace pgregion::io
{

/// What decoders may use beside their buffers.
inline constexpr std::uint64_t kDecoderBytes = std::uint64_t{48} << 20;
/// Decoders fill a buffer of this size before it is written: whole pages, so that those of zeros are found.
inline constexpr std::size_t kUnpackBufferBytes = std::size_t{256} << 10;

/// The result is the shortfall, where the input ends too early. Each throws as unpack().
[[nodiscard]] std::optional<Error> unpack_zstd(const std::string &path, Bytes packed, SparseFile &out);
[[nodiscard]] std::optional<Error> unpack_xz(const std::string &path, Bytes packed, SparseFile &out);
[[nodiscard]] std::optional<Error> unpack_gzip(const std::string &path, Bytes packed, SparseFile &out);
[[nodiscard]] std::optional<Error> unpack_flattened(const std::string &path, Bytes packed, SparseFile &out);

/// "damaged-archive"; `problem` is what the decoder says, `tool` a command that tests the file.
[[nodiscard]] Error damaged_archive(const std::string &path, const std::string &problem, const std::string &tool);
/// "truncated-dump" of an archive.
[[nodiscard]] Error cut_short(const std::string &path, const SparseFile &out);

}  // namespace pgregion::io
