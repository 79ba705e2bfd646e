// SPDX-License-Identifier: GPL-2.0-or-later
//
// Flattened dumps: pieces put where they belong, and what becomes of those that lie about their place or size.
#include "base/bytes.h"
#include "io/unpack.h"
#include "support/fixtures.h"

#include <pgregion/error.h>
#include <pgregion/open.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

using testing::HasSubstr;
using Data = std::vector<std::byte>;

void add_be64(Data &data, std::int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        data.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(number) >> shift & 0xff));
}

void add_text(Data &data, const std::string &text)
{
    const auto bytes = std::as_bytes(std::span(text));
    data.insert(data.end(), bytes.begin(), bytes.end());
}

class Flattened
{
public:
    explicit Flattened(std::int64_t type = 1, std::int64_t version = 1)
    {
        add_text(data_, std::string("makedumpfile\0\0\0\0", 16));
        add_be64(data_, type);
        add_be64(data_, version);
        data_.resize(4096);
    }

    Flattened &piece(std::int64_t offset, const std::string &text)
    {
        return lying_piece(offset, static_cast<std::int64_t>(text.size()), text);
    }

    Flattened &lying_piece(std::int64_t offset, std::int64_t size, const std::string &text)
    {
        add_be64(data_, offset);
        add_be64(data_, size);
        add_text(data_, text);
        return *this;
    }

    Flattened &end() { return lying_piece(-1, -1, ""); }
    [[nodiscard]] const Data &bytes() const { return data_; }

private:
    Data data_;
};

Unpacked rearrange(const Data &packed, std::uint64_t limit_bytes = std::uint64_t{1} << 32)
{
    return unpack("dump.flat", Packing::flattened, packed, {.unpacked_bytes = limit_bytes});
}

Data content(const Unpacked &unpacked)
{
    Data data(unpacked.size_bytes);
    const ssize_t done = ::pread(unpacked.file.number(), data.data(), data.size(), 0);
    data.resize(static_cast<std::size_t>(std::max<ssize_t>(done, 0)));
    return data;
}

Data bytes_of(const std::string &text)
{
    Data data;
    add_text(data, text);
    return data;
}

std::string refusal(const Data &packed, std::uint64_t limit_bytes = std::uint64_t{1} << 32)
{
    try {
        static_cast<void>(rearrange(packed, limit_bytes));
    } catch (const Error &error) {
        return error.code() + ": " + error.what();
    }
    return "no error";
}

TEST(Flattened, PiecesComeToTheirPlaces)
{
    const Unpacked unpacked = rearrange(Flattened().piece(5, "world").piece(0, "hello").end().bytes());
    EXPECT_EQ(content(unpacked), bytes_of("helloworld"));
    EXPECT_FALSE(unpacked.shortfall);
}

TEST(Flattened, WhatNoPieceHoldsIsZero)
{
    const Unpacked unpacked = rearrange(Flattened().piece(2, "b").piece(6, "f").end().bytes());
    EXPECT_EQ(content(unpacked), bytes_of(std::string("\0\0b\0\0\0f", 7)));
}

TEST(Flattened, TheLaterOfTwoPiecesCounts)
{
    const Unpacked unpacked = rearrange(Flattened().piece(0, "aaaaaa").piece(2, "BB").end().bytes());
    EXPECT_EQ(content(unpacked), bytes_of("aaBBaa"));
}

TEST(Flattened, LaterZerosCountToo)
{
    const Unpacked unpacked =
        rearrange(Flattened().piece(0, std::string(12288, 'a')).piece(4000, std::string(4200, '\0')).end().bytes());
    EXPECT_EQ(content(unpacked), bytes_of(std::string(4000, 'a') + std::string(4200, '\0') + std::string(4088, 'a')));
}

TEST(Flattened, PiecesWithoutBytesMoveNothing)
{
    const Unpacked unpacked = rearrange(Flattened().piece(0, "a").piece(1 << 30, "").end().bytes());
    EXPECT_EQ(unpacked.size_bytes, 1U);
}

TEST(Flattened, BytesBehindTheEndMarkAreNotLookedAt)
{
    Flattened dump;
    dump.piece(0, "a").end().piece(0, "b");
    const Unpacked unpacked = rearrange(dump.bytes());
    EXPECT_EQ(content(unpacked), bytes_of("a"));
    EXPECT_FALSE(unpacked.shortfall);
}

TEST(Flattened, WithoutItsEndMarkItIsCutShort)
{
    const Unpacked unpacked = rearrange(Flattened().piece(0, "abc").bytes());
    EXPECT_EQ(content(unpacked), bytes_of("abc"));
    ASSERT_TRUE(unpacked.shortfall);
    EXPECT_EQ(unpacked.shortfall->code(), "truncated-dump");
    EXPECT_THAT(unpacked.shortfall->what(), HasSubstr("3 bytes came out"));
}

TEST(Flattened, ACutPieceIsKeptUpToTheCut)
{
    const Unpacked unpacked = rearrange(Flattened().lying_piece(2, 100, "abc").bytes());
    EXPECT_EQ(content(unpacked), bytes_of(std::string("\0\0abc", 5)));
    EXPECT_TRUE(unpacked.shortfall);
}

TEST(Flattened, EveryCutIsAShortfall)
{
    const Data whole = Flattened().piece(0, "hello").piece(5, "world").end().bytes();
    for (std::size_t size = 16; size < whole.size(); size += size < 4090 ? 509 : 1)
        EXPECT_TRUE(rearrange(Data(whole.begin(), whole.begin() + static_cast<long>(size))).shortfall) << size;
    EXPECT_FALSE(rearrange(whole).shortfall);
}

TEST(Flattened, OtherTypesAndVersionsAreRefusedByName)
{
    EXPECT_THAT(refusal(Flattened(2, 1).end().bytes()), HasSubstr("damaged-archive: "));
    EXPECT_THAT(refusal(Flattened(2, 1).end().bytes()), HasSubstr("type 2, version 1"));
    EXPECT_THAT(refusal(Flattened(1, -3).end().bytes()), HasSubstr("type 1, version -3"));
}

TEST(Flattened, NegativeNumbersAreRefused)
{
    EXPECT_THAT(refusal(Flattened().lying_piece(-2, 3, "abc").end().bytes()),
                HasSubstr("the piece at byte 4096 has offset -2 and size 3"));
    EXPECT_THAT(refusal(Flattened().lying_piece(0, -5, "abc").end().bytes()), HasSubstr("offset 0 and size -5"));
    EXPECT_THAT(refusal(Flattened().lying_piece(-1, 3, "abc").end().bytes()), HasSubstr("offset -1 and size 3"));
    EXPECT_THAT(refusal(Flattened().lying_piece(std::numeric_limits<std::int64_t>::min(), 0, "").bytes()),
                HasSubstr("damaged-archive"));
}

TEST(Flattened, PlacesBeyondTheLimitAreRefused)
{
    EXPECT_THAT(refusal(Flattened().piece(4096, "a").end().bytes(), 4096), HasSubstr("unpack-limit: "));
    EXPECT_EQ(rearrange(Flattened().piece(4095, "a").end().bytes(), 4096).size_bytes, 4096U);
    EXPECT_THAT(refusal(Flattened().piece(std::numeric_limits<std::int64_t>::max(), "a").end().bytes(),
                        std::numeric_limits<std::uint64_t>::max()),
                HasSubstr("cannot-unpack: "));
}

TEST(Flattened, AFarPieceTakesNoDisk)
{
    const Unpacked unpacked = rearrange(Flattened().piece(std::int64_t{1} << 31, "a").end().bytes());
    EXPECT_EQ(unpacked.size_bytes, 2147483649U);
    struct stat status {
    };
    ASSERT_EQ(::fstat(unpacked.file.number(), &status), 0);
    EXPECT_LE(status.st_blocks, 64);
}

// makedumpfile -R made the one of the other.
TEST(Flattened, QemusDumpBecomesWhatMakedumpfileMakesOfIt)
{
    const Data &flattened = test::unpack(test::fixture("dumps/vtd-legacy-4level.kdump-flattened.zst"));
    const Data &expected = test::unpack(test::fixture("dumps/vtd-legacy-4level.kdump-zlib.zst"));
    const Unpacked unpacked = rearrange(flattened);
    EXPECT_EQ(unpacked.size_bytes, 1106866U);
    EXPECT_TRUE(content(unpacked) == expected);
    EXPECT_FALSE(unpacked.shortfall);
}

}  // namespace

}  // namespace pgregion::io
