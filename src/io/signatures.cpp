// SPDX-License-Identifier: GPL-2.0-or-later
//
// File signatures and looks_like(); see open.h and signatures.h.
//
// Sources of the bytes: the formats' own documents (ELF gABI, RFC 1952, RFC 8878, xz-file-format.txt, qcow2.rst
// of QEMU, RFC 1950, LiME's README, makedumpfile's IMPLEMENTATION, VHDX [MS-VHDX] 2.1), pkernfs: region.md section 2.
#include "io/signatures.h"

#include "base/bytes.h"
#include "io/unpack_method.h"

#include <pgregion/address.h>
#include <pgregion/open.h>
#include <pgregion/region.h>

#include <algorithm>

namespace pgregion::io
{

namespace
{

using namespace std::string_view_literals;

constexpr auto kElf = "\x7f"
                      "ELF"sv;
constexpr auto kCutFromElf = "see its segments with readelf -lW FILE, then cut one out: "
                             "dd if=FILE of=OUT iflag=skip_bytes,count_bytes bs=2M skip=OFFSET count=BYTES"sv;
constexpr auto kQemuImg = "qemu-img convert -O raw FILE OUT"sv;
constexpr auto kNameAddress = "say where in the memory: --at PA, --root PA or --register NAME=VALUE; "
                              "pgregion scan FILE finds places"sv;
constexpr auto kCrash = "save the range from crash(8): rd -p -r OUT ADDRESS BYTES"sv;
constexpr auto kDumpAgain = "save the guest's memory again, with pmemsave in the QEMU monitor"sv;
constexpr auto kLimeAgain = "take the dump again with LiME's format=lime, which writes version 1"sv;
constexpr auto kRawFromWindows = "make raw memory of it: volatility's layerwriter plugin, or MemProcFS"sv;
constexpr auto kRawFromPacked =
    "its pages are packed: take the memory again as raw bytes or as a kernel's crash dump"sv;
constexpr auto kRawFromEwf = "ewfexport -f raw FILE makes raw bytes of it"sv;
constexpr auto kNoMemory = "name a memory save or a region image instead"sv;
constexpr auto kVmss2core = "vmss2core -N FILE makes an ELF core of it; or save the memory again as raw bytes"sv;

constexpr auto kSkippable = "\x2a\x4d\x18"sv;  // behind 0x50 to 0x5f: RFC 8878 section 3.1.2

constexpr Signature kSignatures[] = {
    {"a pkernfs area",
     "see its regions with pgregion area FILE, then name one with --file iommu/NAME or --inode N",
     Content::memory,
     {{{0, "sfnrekp\0"sv}}}},

    {"an ELF core (a memory dump)", kNameAddress, Content::elf_core, {{{0, kElf}, {6, "\1"sv}, {16, "\4\0"sv}}}},
    {"an ELF core (a memory dump)", kNameAddress, Content::elf_core, {{{0, kElf}, {6, "\1"sv}, {16, "\0\4"sv}}}},
    // VirtualBox leaves both version fields at 0.
    {"an ELF core (a memory dump)", kNameAddress, Content::elf_core, {{{0, kElf}, {6, "\0"sv}, {16, "\4\0"sv}}}},
    {"an ELF core (a memory dump)", kNameAddress, Content::elf_core, {{{0, kElf}, {6, "\0"sv}, {16, "\0\4"sv}}}},
    {"an ELF program or library", kNoMemory, Content::other, {{{0, kElf}, {6, "\1"sv}, {20, "\1\0\0\0"sv}}}},
    {"an ELF program or library", kNoMemory, Content::other, {{{0, kElf}, {6, "\1"sv}, {20, "\0\0\0\1"sv}}}},
    {"an ELF file", kCutFromElf, Content::other, {{{0, kElf}}}},
    {"a kdump-compressed dump", kNameAddress, Content::kdump, {{{0, "KDUMP   "sv}}}},
    {"a diskdump-compressed dump", kNameAddress, Content::kdump, {{{0, "DISKDUMP"sv}}}},
    {"a flattened dump (as sent through a pipe by makedumpfile or QEMU)",
     "makedumpfile -R OUT < FILE",
     Content::packed,
     {{{0, "makedumpfile\0\0\0\0"sv}}},
     Packing::flattened},
    {"an LKCD dump", kCrash, Content::other, {{{0, "\xed\x23\x8f\x61\x73\x01\x19\xa8"sv}}}},
    {"a LiME memory dump", kNameAddress, Content::lime, {{{0, "EMiL\1\0\0\0"sv}}}},
    {"a LiME memory dump of a version that is not known", kLimeAgain, Content::other, {{{0, "EMiL"sv}}}},
    {"a LiME memory dump of the other byte order", kLimeAgain, Content::other, {{{0, "LiME"sv}}}},
    {"an AVML memory dump", "avml-convert FILE OUT makes a LiME dump of it", Content::other, {{{0, "AVML"sv}}}},
    {"a QEMU savevm or migration stream", kDumpAgain, Content::other, {{{0, "QEVM\0\0\0"sv}}}},
    {"a libvirt save file",
     "restore the guest, then: virsh qemu-monitor-command DOMAIN --hmp pmemsave ADDRESS SIZE OUT",
     Content::other,
     {{{0, "LibvirtQemudSave"sv}}}},
    {"a Windows crash dump",
     "volatility's layerwriter plugin makes raw memory of it",
     Content::other,
     {{{0, "PAGEDU64"sv}}}},
    {"a libvirt save file of which the saving did not end",
     "save the guest again, or take its memory with virsh dump --memory-only",
     Content::other,
     {{{0, "LibvirtQemudPart"sv}}}},
    {"a Windows crash dump of a 32-bit system", kRawFromWindows, Content::other, {{{0, "PAGEDUMP"sv}}}},
    {"a Windows minidump", kNoMemory, Content::other, {{{0, "MDMP\x93\xa7"sv}}}},
    {"a Windows hibernation file", kRawFromWindows, Content::other, {{{0, "HIBR"sv}}}},
    {"a Windows hibernation file", kRawFromWindows, Content::other, {{{0, "hibr"sv}}}},
    {"a Windows hibernation file that was resumed", kRawFromWindows, Content::other, {{{0, "WAKE"sv}}}},
    {"a Windows hibernation file that was resumed", kRawFromWindows, Content::other, {{{0, "wake"sv}}}},
    {"an HPAK archive of memory", kRawFromPacked, Content::other, {{{0, "HPAK"sv}}}},
    {"a ZDMP memory dump", kRawFromPacked, Content::other, {{{0, "ZDMP"sv}}}},
    {"an sadump memory dump", kCrash, Content::other, {{{0, "sadump\0\0"sv}}}},
    {"an EWF (E01) image", kRawFromEwf, Content::other, {{{0, "EVF\x09\x0d\x0a\xff\0"sv}}}},
    {"an EWF (Ex01) image", kRawFromEwf, Content::other, {{{0, "EVF2\x0d\x0a\x81\0"sv}}}},
    {"a Mach-O file", kNoMemory, Content::other, {{{0, "\xcf\xfa\xed\xfe"sv}}}},
    {"a Mach-O file", kNoMemory, Content::other, {{{0, "\xce\xfa\xed\xfe"sv}}}},
    {"a Mach-O file", kNoMemory, Content::other, {{{0, "\xfe\xed\xfa\xcf"sv}}}},
    {"a Mach-O file", kNoMemory, Content::other, {{{0, "\xfe\xed\xfa\xce"sv}}}},
    {"a Xen save file", kRawFromPacked, Content::other, {{{0, "Xen saved domain"sv}}}},
    {"a VirtualBox saved state",
     "start the guest from it, then: VBoxManage debugvm NAME dumpvmcore --filename OUT",
     Content::other,
     {{{0, "\x7fVirtualBox SavedState"sv}}}},
    {"a VMware saved state", kVmss2core, Content::other, {{{0, "\xd0\xbe\xd2\xbe"sv}}}},
    {"a VMware saved state", kVmss2core, Content::other, {{{0, "\xd2\xbe\xd2\xbe"sv}}}},
    {"a VMware saved state", kVmss2core, Content::other, {{{0, "\xd3\xbe\xd3\xbe"sv}}}},

    {"a qcow2 disk image", kQemuImg, Content::other, {{{0, "QFI\xfb\0\0\0\2"sv}}}},
    {"a qcow2 disk image", kQemuImg, Content::other, {{{0, "QFI\xfb\0\0\0\3"sv}}}},
    {"a qcow disk image", kQemuImg, Content::other, {{{0, "QFI\xfb\0\0\0\1"sv}}}},
    {"a VMDK disk image", kQemuImg, Content::other, {{{0, "KDMV"sv}, {5, "\0\0\0"sv}}}},
    {"a VMDK disk image", kQemuImg, Content::other, {{{0, "# Disk DescriptorFile"sv}}}},
    {"a VDI disk image", kQemuImg, Content::other, {{{64, "\x7f\x10\xda\xbe"sv}}}},
    {"a VHDX disk image", kQemuImg, Content::other, {{{0, "vhdxfile"sv}}}},
    {"a VHD disk image", kQemuImg, Content::other, {{{0, "conectix"sv}}}},
    {"a QED disk image", kQemuImg, Content::other, {{{0, "QED\0"sv}}}},
    {"a LUKS container",
     "cryptsetup open FILE NAME, then name /dev/mapper/NAME",
     Content::other,
     {{{0, "LUKS\xba\xbe"sv}}}},

    {"a zstd-compressed file", "zstd -d FILE -o OUT", Content::packed, {{{0, "\x28\xb5\x2f\xfd"sv}}}, Packing::zstd},
    {"a zstd-compressed file",
     "zstd -d FILE -o OUT",
     Content::packed,
     {{{1, kSkippable}}},
     Packing::zstd,
     [](Bytes head) { return first_frame(head) == FirstFrame::zstd; }},
    {"an lz4-compressed file",
     "lz4 -d FILE OUT",
     Content::other,
     {{{1, kSkippable}}},
     {},
     [](Bytes head) { return first_frame(head) == FirstFrame::lz4; }},
    {"a zstd- or lz4-compressed file that begins with a long skippable frame",
     "zstd -d FILE -o OUT, or lz4 -d FILE OUT",
     Content::other,
     {{{1, kSkippable}}},
     {},
     [](Bytes head) { return first_frame(head) == FirstFrame::beyond; }},
    {"a zlib stream",
     "zlib-flate -uncompress < FILE > OUT",
     Content::packed,
     {{{0, "\x78"sv}}},
     Packing::zlib,
     starts_zlib_stream},
    {"an lzma-compressed file",
     "xz --format=lzma -dc FILE > OUT",
     Content::other,
     {{{0, "\x5d\0\0"sv}, {5, "\xff\xff\xff\xff\xff\xff\xff\xff"sv}}}},
    {"a snappy-compressed file", "snzip -dc FILE > OUT", Content::other, {{{0, "\xff\6\0\0sNaPpY"sv}}}},
    {"an xz-compressed file",
     "xz -dc FILE > OUT",
     Content::packed,
     {{{0, "\xfd"
           "7zXZ\0"sv}}},
     Packing::xz},
    {"a gzip-compressed file", "gzip -dc FILE > OUT", Content::packed, {{{0, "\x1f\x8b\x08"sv}}}, Packing::gzip},
    {"a bzip2-compressed file", "bzip2 -dc FILE > OUT", Content::other, {{{0, "BZh"sv}, {4, "1AY&SY"sv}}}},
    {"an lz4-compressed file", "lz4 -d FILE OUT", Content::other, {{{0, "\x04\x22\x4d\x18"sv}}}},
    {"an lz4-compressed file", "lz4 -d FILE OUT", Content::other, {{{0, "\x02\x21\x4c\x18"sv}}}},
    {"an lzop-compressed file", "lzop -d FILE -o OUT", Content::other, {{{0, "\x89LZO\0\r\n\x1a\n"sv}}}},
    {"a zip archive", "unzip FILE, then name the image that it held", Content::other, {{{0, "PK\3\4"sv}}}},
    {"a 7-Zip archive", "7z x FILE, then name the image that it held", Content::other, {{{0, "7z\xbc\xaf\x27\x1c"sv}}}},
    {"a tar archive", "tar -xf FILE, then name the image that it held", Content::other, {{{257, "ustar"sv}}}},
};

constexpr std::size_t kLongBytes = 6;

std::size_t length(const Signature &signature)
{
    std::size_t bytes = 0;
    for (const Piece &piece : signature.pieces)
        bytes += piece.bytes.size();
    return bytes;
}

bool fits(const Piece &piece, Bytes head)
{
    if (piece.offset > head.size() || piece.bytes.size() > head.size() - piece.offset)
        return false;
    return std::ranges::equal(head.subspan(piece.offset, piece.bytes.size()), std::as_bytes(std::span(piece.bytes)));
}

ContentKind kind_of(Content content)
{
    switch (content) {
    case Content::memory:
        return ContentKind::plain;
    case Content::packed:
        return ContentKind::packed;
    case Content::elf_core:
    case Content::kdump:
    case Content::lime:
        return ContentKind::dump;
    case Content::other:
        break;
    }
    return ContentKind::foreign;
}

/// A region that the kernel has opened and put tables into (region.md section 1): bit 0 is set, and nothing but zeros
/// stands behind the bitmap in its page and in the pages whose bits are clear. A region without any table proves nothing.
bool is_region_in_use(Bytes head)
{
    if (head.size() < kRegionBytes || !all_zero(head.subspan(kBitmapBytes, kPageBytes - kBitmapBytes)))
        return false;
    const Bitmap bitmap = Bitmap::read(head);
    bool holds_tables = false;
    for (std::uint64_t number = 1; number < kRegionPages; ++number) {
        if (all_zero(head.subspan(number * kPageBytes, kPageBytes)))
            continue;
        if (!bitmap.test(PageIndex(static_cast<std::uint32_t>(number))))
            return false;
        holds_tables = true;
    }
    return holds_tables && bitmap.test(kBitmapPage);
}

}  // namespace

std::span<const Signature> signatures() { return kSignatures; }

const Signature *find_signature(Bytes head)
{
    const Bytes page = head.first(std::min<std::size_t>(head.size(), kPageBytes));
    for (const Signature &signature : kSignatures) {
        const auto piece_fits = [&](const Piece &piece) { return fits(piece, page); };
        if (std::ranges::all_of(signature.pieces, piece_fits) &&
            (signature.proof == nullptr || signature.proof(page)) &&
            (length(signature) >= kLongBytes || !is_region_in_use(head)))
            return &signature;
    }
    return nullptr;
}

}  // namespace pgregion::io

namespace pgregion
{

std::optional<KnownContent> looks_like(std::span<const std::byte> head)
{
    const io::Signature *const signature = io::find_signature(head);
    if (signature == nullptr)
        return std::nullopt;
    return KnownContent{signature->name, signature->next_step, io::kind_of(signature->content)};
}

}  // namespace pgregion
