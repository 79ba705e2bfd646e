// SPDX-License-Identifier: GPL-2.0-or-later
//
// gzip and zlib streams by zlib: members one after another (RFC 1952 section 2.2, RFC 1950).
#include "io/failures.h"
#include "io/unpack_method.h"

#include <pgregion/address.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include <zlib.h>

namespace pgregion::io
{

namespace
{

// With that header and its check sums, no other kind of header (zlib.h, inflateInit2).
constexpr int kGzipOnly = 15 + 16;
constexpr int kZlibOnly = 15;
// zlib counts in unsigned int.
constexpr std::size_t kMostInput = std::size_t{1} << 20;

class Decoder
{
public:
    Decoder(Bytes packed, int header) : rest_(packed)
    {
        status_ = inflateInit2(&stream_, header);
        is_ready_ = status_ == Z_OK;
    }
    Decoder(const Decoder &) = delete;
    Decoder &operator=(const Decoder &) = delete;
    ~Decoder()
    {
        if (is_ready_)
            inflateEnd(&stream_);
    }

    // Fills `space` as far as possible; returns how many bytes are in it.
    std::size_t fill(MutableBytes space)
    {
        stream_.next_out = reinterpret_cast<Bytef *>(space.data());
        stream_.avail_out = static_cast<uInt>(space.size());
        while (status_ == Z_OK && stream_.avail_out != 0)
            step();
        return space.size() - stream_.avail_out;
    }

    // Z_OK: there is more; Z_STREAM_END: all members are whole; Z_BUF_ERROR: the input ends too early.
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] std::string problem() const
    {
        return stream_.msg != nullptr ? stream_.msg : "zlib status " + std::to_string(status_);
    }

private:
    void step()
    {
        const Bytes piece = rest_.first(std::min(rest_.size(), kMostInput));
        stream_.next_in = reinterpret_cast<z_const Bytef *>(const_cast<std::byte *>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        status_ = inflate(&stream_, Z_NO_FLUSH);
        rest_ = rest_.subspan(piece.size() - stream_.avail_in);
        if (status_ == Z_STREAM_END && !all_zero(rest_))
            status_ = inflateReset(&stream_);
    }

    z_stream stream_{};
    Bytes rest_;
    int status_ = Z_OK;
    bool is_ready_ = false;
};

/// How one of the two is unpacked and tested by hand.
struct Tools {
    int header;
    std::string_view unpack;
    std::string_view test;
};
constexpr Tools kGzip{kGzipOnly, "gzip -dc FILE > OUT", "gzip -t FILE"};
constexpr Tools kZlib{kZlibOnly, "zlib-flate -uncompress < FILE > OUT", "zlib-flate -uncompress < FILE > /dev/null"};

std::optional<Error> unpack_by(const Tools &tools, const std::string &path, Bytes packed, SparseFile &out)
{
    Decoder decoder(packed, tools.header);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kUnpackBufferBytes);
    const MutableBytes space(buffer.get(), kUnpackBufferBytes);
    while (decoder.status() == Z_OK)
        out.append(space.first(decoder.fill(space)));
    if (decoder.status() == Z_BUF_ERROR)
        return cut_short(path, out);
    if (decoder.status() == Z_MEM_ERROR)
        throw failure(path, "cannot-unpack", "cannot be unpacked: out of memory",
                      "unpack it first: " + std::string(tools.unpack));
    if (decoder.status() != Z_STREAM_END)
        throw damaged_archive(path, decoder.problem(), fill_in(tools.test, path));
    return {};
}

}  // namespace

bool starts_zlib_stream(Bytes head)
{
    constexpr std::size_t kHeaderBytes = 2;
    constexpr std::uint32_t kDeflate = 8;        // CM, with a window of at most 32 KiB
    constexpr std::uint32_t kDictionary = 0x20;  // FDICT: nobody has it
    if (head.size() <= kHeaderBytes)
        return false;
    const auto cmf = std::to_integer<std::uint32_t>(head[0]);
    const auto flags = std::to_integer<std::uint32_t>(head[1]);
    if ((cmf & 0xf) != kDeflate || (cmf >> 4) > 7 || (cmf << 8 | flags) % 31 != 0 || (flags & kDictionary) != 0)
        return false;
    Decoder decoder(head, kZlibOnly);
    std::array<std::byte, kPageBytes> space{};
    std::size_t out = 0;
    while (decoder.status() == Z_OK && out < kUnpackBufferBytes)
        out += decoder.fill(space);
    const int status = decoder.status();
    return out != 0 && (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
}

std::optional<Error> unpack_gzip(const std::string &path, Bytes packed, SparseFile &out)
{
    return unpack_by(kGzip, path, packed, out);
}

std::optional<Error> unpack_zlib(const std::string &path, Bytes packed, SparseFile &out)
{
    return unpack_by(kZlib, path, packed, out);
}

}  // namespace pgregion::io
