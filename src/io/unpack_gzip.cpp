// SPDX-License-Identifier: GPL-2.0-or-later
//
// gzip by zlib: members one after another (RFC 1952 section 2.2).
#include "io/failures.h"
#include "io/unpack_method.h"

#include <algorithm>
#include <memory>

#include <zlib.h>

namespace pgregion::io
{

namespace
{

// With the gzip header and its check sums, no other kind of header (zlib.h, inflateInit2).
constexpr int kGzipOnly = 15 + 16;
// zlib counts in unsigned int.
constexpr std::size_t kMostInput = std::size_t{1} << 20;

class Decoder
{
public:
    explicit Decoder(Bytes packed) : rest_(packed)
    {
        status_ = inflateInit2(&stream_, kGzipOnly);
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

}  // namespace

std::optional<Error> unpack_gzip(const std::string &path, Bytes packed, SparseFile &out)
{
    Decoder decoder(packed);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kUnpackBufferBytes);
    const MutableBytes space(buffer.get(), kUnpackBufferBytes);
    while (decoder.status() == Z_OK)
        out.append(space.first(decoder.fill(space)));
    if (decoder.status() == Z_BUF_ERROR)
        return cut_short(path, out);
    if (decoder.status() == Z_MEM_ERROR)
        throw failure(path, "cannot-unpack", "cannot be unpacked: out of memory",
                      "unpack it first: gzip -dc FILE > OUT");
    if (decoder.status() != Z_STREAM_END)
        throw damaged_archive(path, decoder.problem(), fill_in("gzip -t FILE", path));
    return {};
}

}  // namespace pgregion::io
