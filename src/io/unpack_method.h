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
[[nodiscard]] std::optional<Error> unpack_zlib(const std::string &path, Bytes packed, SparseFile &out);
[[nodiscard]] std::optional<Error> unpack_flattened(const std::string &path, Bytes packed, SparseFile &out);

/// RFC 1950: the header of a zlib stream, and data behind it that inflate as far as `head` goes. Two bytes alone would
/// be an accident too often.
[[nodiscard]] bool starts_zlib_stream(Bytes head);

/// What stands behind the skippable frames at the start of `head` (RFC 8878 section 3.1.2; lz4 has the same).
enum class FirstFrame {
    zstd,
    lz4,
    beyond,  ///< they reach beyond the end of `head`
    none,    ///< there is no skippable frame, or something else behind it
};
[[nodiscard]] FirstFrame first_frame(Bytes head);

/// "damaged-archive"; `problem` is what the decoder says, `tool` a command that tests the file.
[[nodiscard]] Error damaged_archive(const std::string &path, const std::string &problem, const std::string &tool);
/// "truncated-dump" of an archive.
[[nodiscard]] Error cut_short(const std::string &path, const SparseFile &out);

}  // namespace pgregion::io
