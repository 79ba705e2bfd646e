// SPDX-License-Identifier: GPL-2.0-or-later
//
// zstd by libzstd: frames one after another, skippable frames passed over (RFC 8878 sections 3.1.1, 3.1.2). A frame
// says how much of what came out the decoder must remember, its window; the writer's options choose it, up to 2 GiB.
#include "base/bits.h"
#include "io/failures.h"
#include "io/unpack_method.h"

#include <memory>

#include <zstd.h>
#include <zstd_errors.h>

namespace pgregion::io
{

namespace
{

// 32 MiB: more than every level but --ultra 20 to 22 and --long uses.
constexpr int kWindowLg2 = 25;

struct FreeDecoder {
    void operator()(ZSTD_DCtx *decoder) const { ZSTD_freeDCtx(decoder); }
};

Error refusal(const std::string &path, std::size_t status)
{
    if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge)
        return failure(path, "cannot-unpack",
                       "was packed with a window of more than 32 MiB, which would have to be kept in memory here",
                       "unpack it first: zstd -d --long=31 FILE -o OUT");
    return damaged_archive(path, ZSTD_getErrorName(status), fill_in("zstd -t --long=31 FILE", path));
}

}  // namespace

FirstFrame first_frame(Bytes head)
{
    constexpr std::uint64_t kHeaderBytes = 8;  // the magic number and the size of what follows
    constexpr std::uint64_t kSkippable = 0x184D2A50;
    constexpr std::uint64_t kLz4 = 0x184D2204;
    std::uint64_t at = 0;
    while (head.size() >= kHeaderBytes && at <= head.size() - kHeaderBytes) {
        const std::uint64_t word = load_le64(head, at);
        const std::uint64_t magic = field(word, 31, 0);
        if ((magic & ~std::uint64_t{0xf}) == kSkippable)
            at += kHeaderBytes + field(word, 63, 32);
        else if (at != 0 && (magic == ZSTD_MAGICNUMBER || magic == kLz4))
            return magic == kLz4 ? FirstFrame::lz4 : FirstFrame::zstd;
        else
            return FirstFrame::none;
    }
    return at == 0 ? FirstFrame::none : FirstFrame::beyond;
}

std::optional<Error> unpack_zstd(const std::string &path, Bytes packed, SparseFile &out)
{
    const std::unique_ptr<ZSTD_DCtx, FreeDecoder> decoder(ZSTD_createDCtx());
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kUnpackBufferBytes);
    if (decoder == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, kWindowLg2)) != 0)
        throw failure(path, "cannot-unpack", "cannot be unpacked: out of memory",
                      "unpack it first: zstd -d FILE -o OUT");
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    ZSTD_outBuffer output{buffer.get(), kUnpackBufferBytes, 0};
    bool in_frame = false;
    for (;;) {
        if (!in_frame && all_zero(packed.subspan(input.pos)))
            break;
        const std::size_t status = ZSTD_decompressStream(decoder.get(), &output, &input);
        if (ZSTD_isError(status) != 0)
            throw refusal(path, status);
        in_frame = status != 0;
        const bool is_full = output.pos == output.size;
        if (is_full) {
            out.append({buffer.get(), output.pos});
            output.pos = 0;
        }
        // With room left in the output, all that the decoder held has come out.
        if (in_frame && !is_full && input.pos == input.size)
            break;
    }
    out.append({buffer.get(), output.pos});
    return in_frame ? std::optional(cut_short(path, out)) : std::nullopt;
}

}  // namespace pgregion::io
