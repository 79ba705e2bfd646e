// SPDX-License-Identifier: GPL-2.0-or-later
//
// Unpacking: what comes out of zstd, xz and gzip files, whole, cut short, damaged and made to fill the disk.
#include "base/bytes.h"
#include "io/signatures.h"
#include "io/unpack.h"

#include <pgregion/error.h>
#include <pgregion/open.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace pgregion::io
{

namespace
{

using testing::HasSubstr;
using Data = std::vector<std::byte>;

Data bytes_of(const std::string &text)
{
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

// Bytes that hardly pack.
Data noise(std::size_t size)
{
    Data data(size);
    std::uint64_t state = 88172645463325252;
    for (std::byte &byte : data) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        byte = static_cast<std::byte>(state & 0xff);
    }
    return data;
}

Data joined(Data first, const Data &second)
{
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

// With a check sum, as zstd(1) writes it.
Data zstd(const Data &data)
{
    ZSTD_CCtx *const encoder = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(encoder, ZSTD_c_checksumFlag, 1);
    Data packed(ZSTD_compressBound(data.size()));
    packed.resize(ZSTD_compress2(encoder, packed.data(), packed.size(), data.data(), data.size()));
    ZSTD_freeCCtx(encoder);
    return packed;
}

Data zstd_long(const Data &data, int window_lg2)
{
    ZSTD_CCtx *const encoder = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, window_lg2);
    ZSTD_CCtx_setParameter(encoder, ZSTD_c_enableLongDistanceMatching, 1);
    Data packed(ZSTD_compressBound(data.size()));
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    // Flushed in between, so that the frame does not tell its size: then the window stands for itself.
    ZSTD_compressStream2(encoder, &out, &in, ZSTD_e_flush);
    ZSTD_compressStream2(encoder, &out, &in, ZSTD_e_end);
    ZSTD_freeCCtx(encoder);
    packed.resize(out.pos);
    return packed;
}

Data xz_with(const Data &data, std::uint32_t preset)
{
    Data packed(lzma_stream_buffer_bound(data.size()));
    std::size_t size = 0;
    lzma_easy_buffer_encode(preset, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t *>(data.data()),
                            data.size(), reinterpret_cast<std::uint8_t *>(packed.data()), &size, packed.size());
    packed.resize(size);
    return packed;
}

Data xz(const Data &data) { return xz_with(data, 3); }

Data deflated(const Data &data, int header)
{
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, header, 8, Z_DEFAULT_STRATEGY);
    Data packed(deflateBound(&stream, data.size()));
    Data input = data;
    stream.next_in = reinterpret_cast<Bytef *>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef *>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

Data gzip(const Data &data) { return deflated(data, 15 + 16); }

Data zlib(const Data &data) { return deflated(data, 15); }

std::optional<Packing> packing_of(Bytes head)
{
    const Signature *const found = find_signature(head);
    return found != nullptr ? found->packing : std::nullopt;
}

Data content(const Unpacked &unpacked)
{
    Data data(unpacked.size_bytes);
    std::size_t filled = 0;
    while (filled < data.size()) {
        const ssize_t done =
            ::pread(unpacked.file.number(), data.data() + filled, data.size() - filled, static_cast<off_t>(filled));
        if (done <= 0)
            break;
        filled += static_cast<std::size_t>(done);
    }
    data.resize(filled);
    return data;
}

std::uint64_t blocks_on_disk(const Unpacked &unpacked)
{
    struct stat status {
    };
    ::fstat(unpacked.file.number(), &status);
    return static_cast<std::uint64_t>(status.st_blocks);
}

Unpacked unpack_all(Packing packing, const Data &packed) { return unpack("memory.zst", packing, packed, {}); }

std::string code_of(const std::function<void()> &work, std::string *message = nullptr)
{
    try {
        work();
    } catch (const Error &error) {
        if (message != nullptr)
            *message = std::string(error.what()) + "|" + error.hint();
        return error.code();
    }
    return "";
}

struct Method {
    std::string name;
    Packing packing;
    Data (*pack)(const Data &);
};
void PrintTo(const Method &method, std::ostream *out) { *out << method.name; }

class Unpack : public testing::TestWithParam<Method>
{
protected:
    [[nodiscard]] Packing packing() const { return GetParam().packing; }
    [[nodiscard]] Data pack(const Data &data) const { return GetParam().pack(data); }
};

TEST_P(Unpack, GivesWhatWasPacked)
{
    const Data data = joined(joined(noise(300001), Data(100000)), noise(7));
    const Unpacked unpacked = unpack_all(packing(), pack(data));
    EXPECT_EQ(content(unpacked), data);
    EXPECT_EQ(unpacked.size_bytes, 400008U);
    EXPECT_FALSE(unpacked.shortfall);
}

TEST_P(Unpack, RecognisesItsOwnFirstBytes)
{
    const auto packed = pack(bytes_of("text"));
    EXPECT_EQ(packing_of(packed), packing());
    EXPECT_FALSE(packing_of(Bytes(packed).first(2)));
}

TEST_P(Unpack, JoinsArchivesThatFollowEachOther)
{
    const auto packed = joined(pack(bytes_of("one, ")), pack(bytes_of("two")));
    EXPECT_EQ(content(unpack_all(packing(), packed)), bytes_of("one, two"));
}

TEST_P(Unpack, TakesZerosAtTheEndForPadding)
{
    EXPECT_EQ(content(unpack_all(packing(), joined(pack(bytes_of("text")), Data(512)))), bytes_of("text"));
}

TEST_P(Unpack, OtherBytesBehindTheEndAreDamage)
{
    const auto packed = joined(pack(bytes_of("text")), bytes_of("and some more, which is no archive"));
    EXPECT_EQ(code_of([&] { static_cast<void>(unpack_all(packing(), packed)); }), "damaged-archive");
}

TEST_P(Unpack, KeepsWhatCameBeforeTheEndOfACutFile)
{
    const Data data = noise(1000000);
    Data packed = pack(data);
    packed.resize(packed.size() / 2);
    const Unpacked unpacked = unpack_all(packing(), packed);
    ASSERT_TRUE(unpacked.shortfall);
    EXPECT_EQ(unpacked.shortfall->code(), "truncated-dump");
    EXPECT_EQ(unpacked.shortfall->source(), "memory.zst");
    const Data begin = content(unpacked);
    EXPECT_GT(begin.size(), 300000U);
    EXPECT_LT(begin.size(), 600000U);
    EXPECT_TRUE(std::equal(begin.begin(), begin.end(), data.begin()));
    EXPECT_THAT(unpacked.shortfall->what(), HasSubstr(std::to_string(begin.size()) + " bytes came out"));
}

TEST_P(Unpack, EveryCutIsAShortfallAndNotAnAnswer)
{
    const auto packed = pack(joined(noise(3000), Data(3000)));
    for (std::size_t size = 0; size + 1 < packed.size(); size += 7) {
        const Unpacked unpacked = unpack_all(packing(), Data(packed.begin(), packed.begin() + static_cast<long>(size)));
        EXPECT_TRUE(unpacked.shortfall || size == 0) << size;
    }
}

TEST_P(Unpack, AFlippedBitInTheMiddleIsDamage)
{
    Data packed = pack(noise(20000));
    packed.at(packed.size() / 2) ^= std::byte{0x10};
    std::string message;
    EXPECT_EQ(code_of([&] { static_cast<void>(unpack_all(packing(), packed)); }, &message), "damaged-archive");
    EXPECT_THAT(message, HasSubstr("nothing that came out of it can be trusted"));
}

TEST_P(Unpack, StopsAtTheLimit)
{
    const auto packed = pack(Data(1048577));
    OpenLimits limits;
    limits.unpacked_bytes = 1048576;
    std::string message;
    EXPECT_EQ(code_of([&] { static_cast<void>(unpack("m", packing(), packed, limits)); }, &message), "unpack-limit");
    EXPECT_THAT(message, HasSubstr("more than 1 MiB"));
    EXPECT_THAT(message, HasSubstr("--unpack-limit"));
    limits.unpacked_bytes = 1048577;
    EXPECT_EQ(unpack("m", packing(), packed, limits).size_bytes, 1048577U);
}

TEST_P(Unpack, ABombOfZerosTakesNoDisk)
{
    const Unpacked unpacked = unpack_all(packing(), pack(joined(Data(32 << 20), bytes_of("end"))));
    EXPECT_EQ(unpacked.size_bytes, 33554435U);
    EXPECT_LE(blocks_on_disk(unpacked), 64U);
}

INSTANTIATE_TEST_SUITE_P(Methods, Unpack,
                         testing::Values(Method{"zstd", Packing::zstd, zstd}, Method{"xz", Packing::xz, xz},
                                         Method{"gzip", Packing::gzip, gzip}, Method{"zlib", Packing::zlib, zlib}),
                         [](const auto &method) { return method.param.name; });

TEST(Unpacking, PassesOverSkippableFrames)
{
    // RFC 8878 section 3.1.2: magic 0x184D2A50 to 0x184D2A5F, then the size.
    const auto skipped = joined(bytes_of(std::string("\x5f\x2a\x4d\x18\x04\0\0\0", 8)), bytes_of("note"));
    const auto packed = joined(joined(zstd(bytes_of("one")), skipped), zstd(bytes_of("two")));
    EXPECT_EQ(content(unpack_all(Packing::zstd, packed)), bytes_of("onetwo"));
}

TEST(Unpacking, AWindowOf64MiBIsRefusedWithTheCommand)
{
    std::string message;
    const Data packed = zstd_long(noise(5000), 26);
    EXPECT_EQ(code_of([&] { static_cast<void>(unpack_all(Packing::zstd, packed)); }, &message), "cannot-unpack");
    EXPECT_THAT(message, HasSubstr("zstd -d --long=31 memory.zst -o OUT"));
    EXPECT_EQ(content(unpack_all(Packing::zstd, zstd_long(noise(5000), 25))), noise(5000));
}

TEST(Unpacking, ADictionaryOf64MiBIsRefusedWithTheCommand)
{
    std::string message;
    EXPECT_EQ(code_of([] { static_cast<void>(unpack_all(Packing::xz, xz_with(bytes_of("text"), 9))); }, &message),
              "cannot-unpack");
    EXPECT_THAT(message, HasSubstr("xz -dc memory.zst > OUT"));
    EXPECT_EQ(content(unpack_all(Packing::xz, xz_with(bytes_of("text"), 8))), bytes_of("text"));
}

class TemporaryFolder : public testing::Test
{
protected:
    void SetUp() override
    {
        const char *const value = std::getenv("TMPDIR");
        before_ = value != nullptr ? value : "";
        had_ = value != nullptr;
    }
    void TearDown() override
    {
        if (had_)
            ::setenv("TMPDIR", before_.c_str(), 1);
        else
            ::unsetenv("TMPDIR");
    }

private:
    std::string before_;
    bool had_ = false;
};

TEST_F(TemporaryFolder, OneThatIsNotThereIsNamed)
{
    ::setenv("TMPDIR", "/no/such/folder", 1);
    std::string message;
    EXPECT_EQ(code_of([] { static_cast<void>(unpack_all(Packing::gzip, gzip(bytes_of("text")))); }, &message),
              "cannot-unpack");
    EXPECT_THAT(message, HasSubstr("/no/such/folder: No such file or directory"));
    EXPECT_THAT(message, HasSubstr("TMPDIR=FOLDER"));
}

TEST_F(TemporaryFolder, NothingIsLeftInIt)
{
    std::string folder = testing::TempDir() + "/unpack-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    ::setenv("TMPDIR", folder.c_str(), 1);
    const Unpacked unpacked = unpack_all(Packing::gzip, gzip(bytes_of("text")));
    EXPECT_EQ(content(unpacked), bytes_of("text"));
    // Only an empty folder can be removed.
    EXPECT_EQ(::rmdir(folder.c_str()), 0);
}

class Pipe
{
public:
    explicit Pipe(const Data &data)
    {
        int ends[2] = {-1, -1};
        if (::pipe(ends) != 0 || ::write(ends[1], data.data(), data.size()) != static_cast<ssize_t>(data.size()))
            std::abort();
        ::close(ends[1]);
        read_ = Descriptor(ends[0]);
    }
    [[nodiscard]] int number() const { return read_.number(); }

private:
    Descriptor read_;
};

TEST(CopyStream, GivesAllThatComes)
{
    const Data data = joined(joined(noise(5000), Data(20000)), noise(100));
    const Pipe pipe(data);
    const Unpacked copied = copy_stream("-", pipe.number(), {});
    EXPECT_EQ(content(copied), data);
    EXPECT_FALSE(copied.shortfall);
    EXPECT_LE(blocks_on_disk(copied), 40U);
}

TEST(CopyStream, NothingIsAnEmptyFile)
{
    const Pipe pipe({});
    EXPECT_EQ(copy_stream("-", pipe.number(), {}).size_bytes, 0U);
}

TEST(CopyStream, StopsAtTheLimit)
{
    const Pipe pipe(Data(5000));
    EXPECT_EQ(code_of([&] { static_cast<void>(copy_stream("-", pipe.number(), {.unpacked_bytes = 4999})); }),
              "unpack-limit");
}

TEST(CopyStream, WhatCannotBeReadIsSaid)
{
    std::string message;
    EXPECT_EQ(code_of([] { static_cast<void>(copy_stream("-", -1, {})); }, &message), "cannot-read");
    EXPECT_THAT(message, HasSubstr("Bad file descriptor"));
}

TEST(CopyStream, ATerminalIsRefused)
{
    const Descriptor terminal(::posix_openpt(O_RDWR | O_NOCTTY));
    if (!terminal.valid() || ::isatty(terminal.number()) != 1)
        GTEST_SKIP() << "no pseudo terminals here";
    std::string message;
    EXPECT_EQ(code_of([&] { static_cast<void>(copy_stream("-", terminal.number(), {})); }, &message), "cannot-read");
    EXPECT_THAT(message, HasSubstr("terminal"));
}

}  // namespace

}  // namespace pgregion::io
