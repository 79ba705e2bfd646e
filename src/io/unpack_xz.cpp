// SPDX-License-Identifier: GPL-2.0-or-later
//
// xz by liblzma: streams one after another, with padding between and behind them (xz-file-format.txt section 2.2).
#include "io/failures.h"
#include "io/unpack_method.h"

#include <memory>

#include <lzma.h>

namespace pgregion::io
{

namespace
{

class Decoder
{
public:
    explicit Decoder(Bytes packed)
    {
        stream_.next_in = reinterpret_cast<const std::uint8_t *>(packed.data());
        stream_.avail_in = packed.size();
        status_ = lzma_stream_decoder(&stream_, kDecoderBytes, LZMA_CONCATENATED);
    }
    Decoder(const Decoder &) = delete;
    Decoder &operator=(const Decoder &) = delete;
    ~Decoder() { lzma_end(&stream_); }

    // Fills `space` as far as possible; returns how many bytes are in it.
    std::size_t fill(MutableBytes space)
    {
        stream_.next_out = reinterpret_cast<std::uint8_t *>(space.data());
        stream_.avail_out = space.size();
        while (status_ == LZMA_OK && stream_.avail_out != 0)
            status_ = lzma_code(&stream_, LZMA_FINISH);
        return space.size() - stream_.avail_out;
    }

    [[nodiscard]] lzma_ret status() const { return status_; }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
    lzma_ret status_ = LZMA_OK;
};

std::string problem(lzma_ret status)
{
    switch (status) {
    case LZMA_FORMAT_ERROR:
        return "what follows its first part is no xz file";
    case LZMA_OPTIONS_ERROR:
        return "made with options that xz 5.4 does not know";
    case LZMA_DATA_ERROR:
        return "wrong check sum or encoding";
    default:
        return "liblzma status " + std::to_string(static_cast<int>(status));
    }
}

Error refusal(const std::string &path, lzma_ret status)
{
    if (status == LZMA_MEMLIMIT_ERROR || status == LZMA_MEM_ERROR)
        return failure(path, "cannot-unpack", "was packed so that unpacking takes more than 48 MiB of memory",
                       "unpack it first: xz -dc FILE > OUT");
    return damaged_archive(path, problem(status), fill_in("xz -t FILE", path));
}

}  // namespace

std::optional<Error> unpack_xz(const std::string &path, Bytes packed, SparseFile &out)
{
    Decoder decoder(packed);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kUnpackBufferBytes);
    const MutableBytes space(buffer.get(), kUnpackBufferBytes);
    while (decoder.status() == LZMA_OK)
        out.append(space.first(decoder.fill(space)));
    if (decoder.status() == LZMA_BUF_ERROR)
        return cut_short(path, out);
    if (decoder.status() != LZMA_STREAM_END)
        throw refusal(path, decoder.status());
    return {};
}

}  // namespace pgregion::io
