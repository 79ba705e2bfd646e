// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files that are something else are named for what they are; regions are never mistaken for them.
#include "io/signatures.h"
#include "io_test_support.h"

#include <pgregion/open.h>

#include <algorithm>
#include <vector>

namespace pgregion
{
namespace
{

using namespace test;
using namespace std::string_view_literals;

struct Case {
    std::string_view head;
    std::string_view name;
    std::string_view command;
};

const Case kCases[] = {
    {"BZh91AY&SY"sv, "a bzip2-compressed file", "bzip2 -dc "},
    {"\x04\x22\x4d\x18"sv, "an lz4-compressed file", "lz4 -d "},
    {"QFI\xfb\0\0\0\3"sv, "a qcow2 disk image", "qemu-img convert -O raw "},
    {"QFI\xfb\0\0\0\2"sv, "a qcow2 disk image", "qemu-img convert -O raw "},
    {"KDMV\1\0\0\0"sv, "a VMDK disk image", "qemu-img convert -O raw "},
    {"vhdxfile"sv, "a VHDX disk image", "qemu-img convert -O raw "},
    {"conectix"sv, "a VHD disk image", "qemu-img convert -O raw "},
    {"\x7f"
     "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0\1\0\0\0"sv,
     "an ELF program or library", "name a memory save"},
    {"QEVM\0\0\0\3"sv, "a QEMU savevm or migration stream", "pmemsave"},
    {"LUKS\xba\xbe\0\2"sv, "a LUKS container", "cryptsetup open "},
    {"EMiL\2\0\0\0"sv, "a LiME memory dump of a version that is not known", "format=lime"},
    {"LiME\0\0\0\1"sv, "a LiME memory dump of the other byte order", "format=lime"},
    {"PAGEDUMP\x0f\0\0\0"sv, "a Windows crash dump of a 32-bit system", "layerwriter"},
    {"HIBR\x01\0\0\0"sv, "a Windows hibernation file", "layerwriter"},
    {"WAKE\x01\0\0\0"sv, "a Windows hibernation file that was resumed", "layerwriter"},
    {"MDMP\x93\xa7\0\0"sv, "a Windows minidump", "memory save"},
    {"HPAK\x20\0\0\0"sv, "an HPAK archive of memory", "packed"},
    {"ZDMP\0\0"sv, "a ZDMP memory dump", "packed"},
    {"sadump\0\0\1\0\0\0"sv, "an sadump memory dump", "rd -p -r OUT"},
    {"EVF\x09\x0d\x0a\xff\0\1"sv, "an EWF (E01) image", "ewfexport -f raw "},
    {"\xcf\xfa\xed\xfe\7\0\0\1"sv, "a Mach-O file", "memory save"},
    {"Xen saved domain, xl format\n"sv, "a Xen save file", "packed"},
    {"\x7fVirtualBox SavedState V2.0\n"sv, "a VirtualBox saved state", "dumpvmcore"},
    {"LibvirtQemudPart\2\0\0\0"sv, "a libvirt save file of which the saving did not end", "virsh dump"},
    {"\xff\6\0\0sNaPpY"sv, "a snappy-compressed file", "snzip -dc "},
    {"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff"sv, "an lzma-compressed file", "xz --format=lzma -dc "},
    {"\x50\x2a\x4d\x18\4\0\0\0abcd\x04\x22\x4d\x18"sv, "an lz4-compressed file", "lz4 -d "},
    {"\x5f\x2a\x4d\x18\0\0\1\0"sv, "a zstd- or lz4-compressed file that begins with a long skippable frame",
     "zstd -d "},
};

TEST(Signatures, EveryKnownTypeIsRefusedByNameWithTheNextStep)
{
    const TemporaryDirectory directory;
    for (const Case &example : kCases) {
        // Realistic neighbours: something stands behind the signature.
        const auto path = directory.file("file", std::string(example.head) + std::string(5000, 'z'));
        const Error error = error_of([&] { (void)Source::open(path, OpenMode::read_only); });
        EXPECT_EQ(error.code(), "wrong-file-type") << example.name;
        EXPECT_EQ(error.failure(), Failure::operational);
        EXPECT_EQ(error.what(), "is " + std::string(example.name) + ", neither a region image nor raw memory");
        EXPECT_NE(error.hint().find(example.command), std::string::npos) << error.hint();
        EXPECT_EQ(error.hint().find("FILE "), std::string::npos) << error.hint();
    }
}

// VirtualBox leaves EI_VERSION and e_version at 0.
TEST(Signatures, ElfCoreOfVersion0IsAnElfCoreAndOneOfVersion2IsNot)
{
    constexpr auto kZero = "\x7f"
                           "ELF\2\1\0\0\0\0\0\0\0\0\0\0\4\0\x3e\0\0\0\0\0"sv;
    constexpr auto kTwo = "\x7f"
                          "ELF\2\1\2\0\0\0\0\0\0\0\0\0\4\0\x3e\0\2\0\0\0"sv;
    const auto zero = looks_like(std::as_bytes(std::span(kZero)));
    ASSERT_TRUE(zero.has_value());
    EXPECT_EQ(zero->kind, ContentKind::dump);
    const auto two = looks_like(std::as_bytes(std::span(kTwo)));
    ASSERT_TRUE(two.has_value());
    EXPECT_EQ(two->kind, ContentKind::foreign);
    EXPECT_NE(two->next_step.find("count=BYTES"), std::string_view::npos) << two->next_step;
}

/// 2 MiB with these first bytes, zeros behind them, and one byte in each of the pages named.
std::string two_mebibytes(std::string_view first_bytes, std::initializer_list<std::size_t> pages)
{
    std::string content(first_bytes);
    content.resize(2 * kMiB);
    for (const std::size_t page : pages)
        content[page * 4096 + 8] = 'z';
    return content;
}

// Such files leave the rest of their first page empty. Bit 0 is clear in H, h and Z, which no opened region has; WAKE
// (0x57, …) has it, and pages 1, 2, 4, 6, 8 and 14 among others.
TEST(Signatures, ShortSignatureBeforeZerosIsBelievedWhereNoRegionFits)
{
    const TemporaryDirectory directory;
    const auto code = [&](const std::string &content) {
        const auto path = directory.file("memory", content);
        return code_of([&] { (void)Source::open(path, OpenMode::read_only); });
    };
    EXPECT_EQ(code("HIBR" + std::string(24572, '\0')), "wrong-file-type");
    for (const std::string_view letters : {"HIBR"sv, "hibr"sv, "ZDMP"sv, "HPAK"sv, "\xfe\xed\xfa\xcf"sv}) {
        EXPECT_EQ(code(two_mebibytes(letters, {3, 6})), "wrong-file-type") << letters;
        EXPECT_EQ(code(two_mebibytes(letters, {})), "wrong-file-type") << letters;
        EXPECT_EQ(code(two_mebibytes(letters, {3}) + std::string(4 * kMiB, 'm')), "wrong-file-type") << letters;
    }
    for (const std::string_view letters : {"WAKE"sv, "wake"sv, "\xcf\xfa\xed\xfe"sv}) {
        EXPECT_EQ(code(two_mebibytes(letters, {})), "wrong-file-type") << letters;
        EXPECT_EQ(code(two_mebibytes(letters, {1, 10})), "wrong-file-type") << letters;
        EXPECT_EQ(code(two_mebibytes(letters, {1, 511})), "wrong-file-type") << letters;
    }
}

// Such a dump begins with physical memory's first page, which may be all zeros. LiME's README: magic, version, first and
// last address, eight bytes of zeros.
TEST(Signatures, LimeOfAnotherVersionOrByteOrderIsNoRegionBeforeZerosEither)
{
    const TemporaryDirectory directory;
    const std::string_view version2 = "EMiL\2\0\0\0\0\x10\0\0\0\0\0\0\xff\xfb\x09\0\0\0\0\0\0\0\0\0\0\0\0\0"sv;
    const std::string_view big_endian = "LiME\0\0\0\1\0\0\0\0\0\0\x10\0\0\0\0\0\0\x09\xfb\xff\0\0\0\0\0\0\0\0"sv;
    for (const std::string_view header : {version2, big_endian}) {
        const auto path = directory.file("memory.lime", header, 4 * kMiB);
        EXPECT_EQ(code_of([&] { (void)Source::open(path, OpenMode::read_only); }), "wrong-file-type");
    }
}

// RFC 1950: 0x78 0x9c is the header of most zlib streams; memory may begin with these two bytes, too.
TEST(Signatures, ZlibStreamIsToldByWhatFollowsItsHeader)
{
    // zlib.compress(b'page tables') in Python
    constexpr auto kStream = "\x78\x9c\x2b\x48\x4c\x4f\x55\x28\x49\x4c\xca\x49\x2d\x06\0\x18\xf2\x04\x39"sv;
    EXPECT_TRUE(looks_like(std::as_bytes(std::span(kStream))).has_value());
    const std::string memory = "\x78\x9c" + std::string(4094, '\xff');
    EXPECT_FALSE(looks_like(std::as_bytes(std::span(memory))).has_value());
}

TEST(Signatures, OtherFirstBytesAreNoPacking)
{
    const auto packing_of = [](std::string_view head) -> std::optional<io::Packing> {
        const io::Signature *const found = io::find_signature(std::as_bytes(std::span(head)));
        return found != nullptr ? found->packing : std::nullopt;
    };
    EXPECT_FALSE(packing_of(""));
    EXPECT_FALSE(packing_of("KDUMP   "));
    EXPECT_FALSE(packing_of("makedumpfile"));
    EXPECT_EQ(packing_of("makedumpfile\0\0\0\0"sv), io::Packing::flattened);
}

TEST(Signatures, ShortFileThatIsAllSignatureIsRecognised)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("small.bz2", "BZh91AY&SY");
    EXPECT_EQ(code_of([&] { (void)Source::open(path, OpenMode::read_only); }), "wrong-file-type");
}

TEST(Signatures, DumpsAndPackedFilesAreToldFromWhatIsRefused)
{
    struct Opened {
        std::string_view head;
        std::string_view name;
        ContentKind kind;
    };
    const Opened cases[] = {
        {"\x28\xb5\x2f\xfd more"sv, "a zstd-compressed file", ContentKind::packed},
        {"\xfd"
         "7zXZ\0\0"sv,
         "an xz-compressed file", ContentKind::packed},
        {"\x1f\x8b\x08\0"sv, "a gzip-compressed file", ContentKind::packed},
        {"makedumpfile\0\0\0\0\0"sv, "a flattened dump (as sent through a pipe by makedumpfile or QEMU)",
         ContentKind::packed},
        {"\x7f"
         "ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0\x3e\0\1\0\0\0"sv,
         "an ELF core (a memory dump)", ContentKind::dump},
        {"\x7f"
         "ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\4\0\x16\0\0\0\1"sv,
         "an ELF core (a memory dump)", ContentKind::dump},
        {"KDUMP   \6\0\0\0"sv, "a kdump-compressed dump", ContentKind::dump},
        {"DISKDUMP\0\0\0\0"sv, "a diskdump-compressed dump", ContentKind::dump},
        {"EMiL\1\0\0\0"sv, "a LiME memory dump", ContentKind::dump},
        {"QFI\xfb\0\0\0\3"sv, "a qcow2 disk image", ContentKind::foreign},
    };
    for (const Opened &example : cases) {
        const auto found = looks_like(std::as_bytes(std::span(example.head)));
        ASSERT_TRUE(found.has_value()) << example.name;
        EXPECT_EQ(found->name, example.name);
        EXPECT_EQ(found->kind, example.kind) << example.name;
    }
}

TEST(Signatures, EveryRowOfTheTableRecognisesItself)
{
    for (const io::Signature &signature : io::signatures()) {
        EXPECT_EQ(signature.packing.has_value(), signature.content == io::Content::packed) << signature.name;
        if (signature.proof != nullptr)
            continue;  // it takes more than the signature
        std::string head(512, '\xee');
        for (const io::Piece &piece : signature.pieces)
            head.replace(piece.offset, piece.bytes.size(), piece.bytes);
        const auto found = looks_like(std::as_bytes(std::span(head)));
        ASSERT_TRUE(found.has_value()) << signature.name;
        EXPECT_EQ(found->name, signature.name);
        EXPECT_FALSE(found->next_step.empty());
    }
}

TEST(Signatures, RegionWhoseBitmapLooksLikeAShortSignatureIsARegion)
{
    const TemporaryDirectory directory;
    // Pages 0, 2, 8, 14 and others allocated just so: the letters of Windows and LiME; pages 0, 3, 8 those of gzip and ELF.
    struct Region {
        std::string_view bitmap;
        std::initializer_list<std::size_t> pages;
    };
    for (const Region &region :
         {Region{"WAKE"sv, {1, 2, 4, 8, 14, 30}}, Region{"EMiL"sv, {2, 8}}, Region{"\x1f\x8b\x08"sv, {1, 3, 8, 19}},
          Region{"\x7f"
                 "ELF"sv,
                 {1, 8}}}) {
        const auto path = directory.file("region", two_mebibytes(region.bitmap, region.pages));
        EXPECT_EQ(Source::open(path, OpenMode::read_only).kind(), SourceKind::region_image) << region.bitmap;
    }
}

TEST(Signatures, LongSignatureIsNoAccidentEvenBeforeZeros)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "vhdxfile"sv, 2 * kMiB);
    EXPECT_EQ(code_of([&] { (void)Source::open(path, OpenMode::read_only); }), "wrong-file-type");
}

TEST(Signatures, CompressedFileOfExactlyTwoMebibytesIsNotARegion)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("region", "\x28\xb5\x2f\xfd" + std::string(2 * kMiB - 4, 'c'));
    EXPECT_EQ(code_of([&] { (void)Source::open(path, OpenMode::read_only); }), "damaged-archive");
}

TEST(Signatures, PkernfsAreaOpensAsRawMemory)
{
    const TemporaryDirectory directory;
    const auto path = directory.file("area", "\x73\x66\x6e\x72\x65\x6b\x70\x00"sv, 8 * kMiB);
    const Source source = Source::open(path, OpenMode::read_only);
    EXPECT_EQ(source.kind(), SourceKind::raw_memory);
    const auto content = looks_like(source.bytes());
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(content->kind, ContentKind::plain);
    EXPECT_EQ(content->name, "a pkernfs area");
}

TEST(Signatures, NothingIsRecognisedInZerosOnesOrNoBytes)
{
    const std::vector<std::byte> zeros(4096, std::byte{0});
    const std::vector<std::byte> ones(4096, std::byte{0xff});
    EXPECT_FALSE(looks_like(zeros).has_value());
    EXPECT_FALSE(looks_like(ones).has_value());
    EXPECT_FALSE(looks_like({}).has_value());
}

}  // namespace
}  // namespace pgregion
