// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/handover_image.h"

namespace pgregion::test
{

namespace
{

using Blob = std::vector<std::byte>;

void put_big(Blob &out, std::uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::byte>(value >> shift));
}

Blob little(std::uint64_t value, std::size_t bytes)
{
    Blob out;
    for (std::size_t i = 0; i < bytes; ++i)
        out.push_back(static_cast<std::byte>(value >> (8 * i)));
    return out;
}

Blob with_nul(const std::string &text)
{
    Blob out;
    for (const char c : text)
        out.push_back(static_cast<std::byte>(c));
    out.push_back(std::byte{0});
    return out;
}

void append(Blob &out, const Blob &more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace

void TinyFdt::token(std::uint32_t value) { put_big(structure_, value); }

void TinyFdt::pad() { structure_.resize((structure_.size() + 3) / 4 * 4); }

TinyFdt &TinyFdt::begin(const std::string &name)
{
    token(1);
    append(structure_, with_nul(name));
    pad();
    return *this;
}

TinyFdt &TinyFdt::end()
{
    token(2);
    return *this;
}

TinyFdt &TinyFdt::bytes(const std::string &name, const Blob &value)
{
    token(3);
    put_big(structure_, static_cast<std::uint32_t>(value.size()));
    put_big(structure_, static_cast<std::uint32_t>(strings_.size()));
    append(structure_, value);
    pad();
    strings_ += name;
    strings_.push_back('\0');
    return *this;
}

TinyFdt &TinyFdt::text(const std::string &name, const std::string &value) { return bytes(name, with_nul(value)); }
TinyFdt &TinyFdt::word(const std::string &name, std::uint64_t value) { return bytes(name, little(value, 8)); }
TinyFdt &TinyFdt::half(const std::string &name, std::uint32_t value) { return bytes(name, little(value, 4)); }
TinyFdt &TinyFdt::byte(const std::string &name, std::uint8_t value) { return bytes(name, little(value, 1)); }

Blob TinyFdt::finish()
{
    constexpr std::uint32_t kHeader = 40;
    constexpr std::uint32_t kReserve = 16;  // the empty list of reserved memory
    token(9);
    const auto structure = static_cast<std::uint32_t>(structure_.size());
    const auto strings = static_cast<std::uint32_t>(strings_.size());
    Blob out;
    for (const std::uint32_t word : {0xd00dfeedU, kHeader + kReserve + structure + strings, kHeader + kReserve,
                                     kHeader + kReserve + structure, kHeader, 17U, 16U, 0U, strings, structure})
        put_big(out, word);
    out.resize(kHeader + kReserve);
    append(out, structure_);
    for (const char c : strings_)
        out.push_back(static_cast<std::byte>(c));
    return out;
}

HandoverImage::HandoverImage(const HandoverRecipe &recipe) : image(kHandoverAt, 64), recipe_(recipe)
{
    put_bytes(at::kFdt, 0, kho_fdt());
    make_tracker();
    make_luo();
    make_flb();
    make_hw();
    make_domains();
    make_devices();
    if (recipe_.scalable)
        make_scalable_directory();
    else
        make_legacy_directory();
    make_tables();
    preserve(at::kFdt);
    for (std::size_t page = at::kLuo; page < at::kPasids + (recipe_.scalable ? 6 : 0); ++page)
        preserve(page);
}

Blob HandoverImage::kho_fdt(const std::string &version) const
{
    TinyFdt fdt;
    fdt.begin("").text("compatible", version.empty() ? recipe_.kho : version);
    fdt.word("preserved-memory-map", address(at::kMap));
    fdt.begin("LUO").word(recipe_.kho == "kho-v1" ? "fdt" : "preserved-data", address(at::kLuo));
    if (recipe_.kho != "kho-v1" && recipe_.kho != "kho-v2")
        fdt.word("blob-size", 32);
    fdt.end().end();
    return fdt.finish();
}

void HandoverImage::make_tracker()
{
    if (recipe_.kho == "kho-v1") {
        image.put(at::kMap, 1, std::uint64_t{1} << 32);  // order 0, one bitmap
        image.put(at::kMap, 2, kHandoverAt).put(at::kMap, 3, address(at::kBitmap) + (recipe_.narrow_bitmaps ? 512 : 0));
        return;
    }
    // Key 1 << 52 | 0x40000 + page: 2 at level 5, 0 at levels 4 to 2, 8 at level 1, bit `page`.
    image.put(at::kMap, 2, address(at::kMap + 1));
    image.put(at::kMap + 1, 0, address(at::kMap + 2)).put(at::kMap + 2, 0, address(at::kMap + 3));
    image.put(at::kMap + 3, 0, address(at::kMap + 4)).put(at::kMap + 4, 8, address(at::kBitmap));
}

void HandoverImage::preserve(std::size_t page, bool kept)
{
    const std::size_t first = recipe_.narrow_bitmaps ? 64 : 0;
    const std::uint64_t word = image.get(at::kBitmap, first + page / 64);
    const std::uint64_t mask = std::uint64_t{1} << (page % 64);
    image.put(at::kBitmap, first + page / 64, kept ? word | mask : word & ~mask);
}

void HandoverImage::make_luo()
{
    if (recipe_.luo == "luo-v5" || recipe_.luo.find("-v") == std::string::npos) {
        put_text(at::kLuo, 0, recipe_.luo, 8);
        put_word(at::kLuo, 8, 3);
        put_word(at::kLuo, 16, 0);
        put_word(at::kLuo, 24, address(at::kFlbList));
    } else {
        TinyFdt fdt;
        fdt.begin("").text("compatible", recipe_.luo).word("liveupdate-number", 3);
        fdt.begin("luo-session").text("compatible", "luo-session-v2").word("luo-session-header", 0x1234000).end();
        fdt.begin("luo-flb").text("compatible", recipe_.flb_list).word("luo-flb-header", address(at::kFlbList)).end();
        put_bytes(at::kLuo, 0, fdt.end().finish());
    }
    put_word(at::kFlbList, 0, 1);
    put_word(at::kFlbList, 8, 2);
    put_text(at::kFlbList, 16, "pci-v1", 48);
    put_word(at::kFlbList, 64, 0x5000);
    put_word(at::kFlbList, 72, 1);
    put_text(at::kFlbList, 80, recipe_.flb, 48);
    put_word(at::kFlbList, 128, address(at::kFlb));
    put_word(at::kFlbList, 136, 2);
}

void HandoverImage::make_flb()
{
    std::size_t offset = 0;
    if (recipe_.flb == "iommu-liveupdate") {
        put_word(at::kFlb, 0, recipe_.flb_version);
        offset = 8;
    }
    put_word(at::kFlb, offset, address(at::kHwArray));
    put_word(at::kFlb, offset + 8, address(at::kDomainArray));
    put_word(at::kFlb, offset + 16, address(at::kDeviceArray));
}

void HandoverImage::make_hw()
{
    put_word(at::kHwArray, 8, 1);
    put_half(at::kHwArray, 16, 3);  // references
    put_word(at::kHwArray, 16 + 8, 0xfed90000);
    put_word(at::kHwArray, 16 + 16, recipe_.hw_type);
    put_word(at::kHwArray, 16 + 32, 0xfed90000);
    put_word(at::kHwArray, 16 + 40, address(at::kRootTable));
    put_word(at::kHwArray, 16 + 48, recipe_.scalable ? 0x3 : 0x1);  // bus 0: lower half, and upper half
}

void HandoverImage::put_domain(std::size_t index, std::uint64_t table, std::uint64_t level, std::uint32_t flags)
{
    const std::size_t offset = domain_offset(index);
    put_half(at::kDomainArray, offset, 1);
    put_half(at::kDomainArray, offset + 4, flags);
    put_word(at::kDomainArray, offset + 8, table);
    put_word(at::kDomainArray, offset + 16, level);
    put_half(at::kDomainArray, offset + 24, static_cast<std::uint32_t>(12 + 9 * (level + 1)));
    put_word(at::kDomainArray, offset + recipe_.domain_bytes - 8, 0xffff888112345678);  // restored_domain
}

void HandoverImage::make_domains()
{
    put_word(at::kDomainArray, 8, 3);
    put_domain(0, address(at::kFirstDomain), 3, 0);
    put_domain(1, address(at::kSecondDomain), 2, 2);
    put_domain(2, 0x999, 77, 1);  // deleted: what is in it is nobody's business
}

void HandoverImage::put_device(std::size_t index, std::uint32_t id, std::size_t domain, std::uint32_t flags)
{
    const std::size_t offset = device_offset(index);
    put_half(at::kDeviceArray, offset, 1);
    put_half(at::kDeviceArray, offset + 4, flags);
    put_half(at::kDeviceArray, offset + 8, id);
    put_half(at::kDeviceArray, offset + 12, 0);
    std::size_t at = offset + 16;
    if (recipe_.device_token) {
        put_word(at::kDeviceArray, at, 0xabcdef);
        at += 8;
    }
    put_word(at::kDeviceArray, at, 0x11 + domain);
    put_word(at::kDeviceArray, at + 8, address(at::kDomainArray) + domain_offset(domain));
    put_word(at::kDeviceArray, at + 16, address(at::kHwArray) + 16);
}

void HandoverImage::make_devices()
{
    put_word(at::kDeviceArray, 8, 4);
    put_device(0, 0x10, 0, 0);
    put_device(1, 0x77, 0, 1);
    put_device(2, 0x18, 0, 0);
    put_device(3, 0xfe, 1, 0);
}

void HandoverImage::make_legacy_directory()
{
    image.put(at::kRootTable, 0, address(at::kContextTable) | 1);
    for (const std::size_t devfn : {0x10U, 0x18U})
        image.put(at::kContextTable, devfn * 2, address(at::kFirstDomain) | 1)
            .put(at::kContextTable, devfn * 2 + 1, 0x1102);
    image.put(at::kContextTable, 0xfe * 2, address(at::kSecondDomain) | 1).put(at::kContextTable, 0xfe * 2 + 1, 0x1201);
}

/// Each half of bus 0 has a context table: page 15, and page 28, the last of those that a scalable directory takes.
void HandoverImage::make_scalable_directory()
{
    constexpr std::size_t kUpperContexts = at::kPasids + 5;
    image.put(at::kRootTable, 0, address(at::kContextTable) | 1).put(at::kRootTable, 1, address(kUpperContexts) | 1);
    image.put(at::kContextTable, 0x10 * 4, address(at::kPasids) | 9);
    image.put(at::kContextTable, 0x18 * 4, address(at::kPasids) | 9);
    image.put(at::kPasids, 0, address(at::kPasids + 1) | 1);
    image.put(at::kPasids + 1, 0, address(at::kFirstDomain) | 0x89).put(at::kPasids + 1, 1, 0x11);
    image.put(kUpperContexts, 0x7e * 4, address(at::kPasids + 2) | 9);
    image.put(at::kPasids + 2, 0, address(at::kPasids + 3) | 1);
    image.put(at::kPasids + 3, 0, address(at::kSecondDomain) | 0x85).put(at::kPasids + 3, 1, 0x12);
}

void HandoverImage::make_tables()
{
    for (std::size_t page = at::kFirstDomain; page < at::kFirstDomain + 3; ++page)
        image.put(page, 0, address(page + 1) | 3);
    for (std::uint64_t leaf = 0; leaf < 3; ++leaf)
        image.put(at::kFirstDomain + 3, leaf, 0x100000003 + leaf * 0x2000);
    for (std::size_t page = at::kSecondDomain; page < at::kSecondDomain + 2; ++page)
        image.put(page, 0, address(page + 1) | 3);
    image.put(at::kSecondDomain + 2, 0, 0x200000003).put(at::kSecondDomain + 2, 9, 0x200009001);
}

void HandoverImage::put_bytes(std::size_t page, std::size_t offset, const Blob &bytes)
{
    const std::span<std::byte> target = image.bytes().subspan(page * kTestPageBytes + offset, bytes.size());
    std::copy(bytes.begin(), bytes.end(), target.begin());
}

void HandoverImage::put_text(std::size_t page, std::size_t offset, const std::string &text, std::size_t length)
{
    Blob bytes = with_nul(text);
    bytes.resize(length);
    put_bytes(page, offset, bytes);
}

void HandoverImage::put_word(std::size_t page, std::size_t offset, std::uint64_t word)
{
    put_bytes(page, offset, little(word, 8));
}

void HandoverImage::put_half(std::size_t page, std::size_t offset, std::uint32_t half)
{
    put_bytes(page, offset, little(half, 4));
}

std::vector<HandoverRecipe> handover_recipes()
{
    std::vector<HandoverRecipe> recipes;
    for (const char *kho : {"kho-v1", "kho-v2", "kho-v3", "kho-v4"}) {
        for (const char *luo : {"luo-v1", "luo-v5"}) {
            for (const char *flb : {"iommu-v1", "iommu-liveupdate-v1", "iommu-liveupdate"}) {
                const bool late = std::string(flb) == "iommu-liveupdate";
                HandoverRecipe recipe{.kho = kho, .luo = luo, .flb = flb};
                recipe.domain_bytes = late ? 37 : 40;
                recipe.device_bytes = late ? 72 : 56;
                recipe.device_token = late;
                recipe.scalable = std::string(luo) == "luo-v5";
                recipes.push_back(recipe);
            }
        }
    }
    return recipes;
}

Blob rfc_fdt(const HandoverImage &image, const std::vector<std::size_t> &first_mem, const std::string &version)
{
    Blob mem;
    for (const std::size_t page : first_mem) {
        append(mem, little(image.address(page) | 1, 8));  // a flag of the kernel's
        append(mem, little(kTestPageBytes, 8));
    }
    Blob second;
    append(second, little(image.address(at::kSecondDomain), 8));
    append(second, little(3 * kTestPageBytes, 8));
    TinyFdt fdt;
    fdt.begin("").text("compatible", "kho-v1");
    fdt.begin("intel-iommu").text("compatible", version).begin("domains");
    fdt.begin("7").bytes("mem", mem).word("persistent_id", 7).word("pgd", image.address(at::kFirstDomain));
    fdt.half("agaw", 2).begin("devices");
    fdt.begin("0").byte("bus", 0).byte("devfn", 0x10).end();
    fdt.begin("1").byte("bus", 0x3a).byte("devfn", 0x11).end().end().end();
    fdt.begin("8").bytes("mem", second).word("persistent_id", 8).word("pgd", image.address(at::kSecondDomain));
    fdt.half("agaw", 1).begin("devices").end().end();
    fdt.end().end().end();
    return fdt.finish();
}

}  // namespace pgregion::test
