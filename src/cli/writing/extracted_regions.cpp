// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/writing/extracted_regions.h"

#include "base/bytes.h"
#include "io/failures.h"
#include "io/new_file.h"

#include <algorithm>

namespace pgregion::cli
{

namespace
{

constexpr std::string_view kImage = ".img";
constexpr std::string_view kDocument = ".json";

/// The 2 MiB; nothing where a page is missing.
std::optional<std::vector<std::byte>> bytes_of(const MemorySource &memory, PhysAddr address)
{
    std::vector<std::byte> bytes(kRegionBytes);
    for (std::uint64_t at = 0; at < kRegionBytes; at += kPageBytes) {
        const MutableBytes place = MutableBytes(bytes).subspan(at, kPageBytes);
        const Bytes page = memory.page(address + at, place);
        if (page.empty())
            return std::nullopt;
        if (page.data() != place.data())
            std::ranges::copy(page, place.begin());
    }
    return bytes;
}

}  // namespace

std::string ExtractedRegions::path_of(const Candidate &candidate, std::string_view ending) const
{
    return fmt::format("{}/region-{}{}", folder_, hex(candidate.address.value()), ending);
}

void ExtractedRegions::check(const std::vector<report::PlacedCandidate> &candidates) const
{
    for (const report::PlacedCandidate &placed : candidates) {
        for (const std::string_view ending : {kImage, kDocument}) {
            const std::string path = path_of(*placed.candidate, ending);
            if (io::name_is_taken(path))
                throw io::failure(path, "file-exists", "exists already, so no region was written",
                                  "name another folder: --extract DIR");
        }
    }
}

bool ExtractedRegions::write(const OpenedSource &source, report::PlacedCandidate &placed) const
{
    const auto bytes = bytes_of(source.memory(), placed.candidate->address);
    source.source().ensure_intact();
    if (!bytes)
        return false;
    io::ensure_folder(folder_);
    const std::string image = path_of(*placed.candidate, kImage);
    io::create_file(image, *bytes);
    placed.extracted = image;
    const std::string document = report::candidate_document(placed, source.info());
    io::create_file(path_of(*placed.candidate, kDocument), std::as_bytes(std::span(document)));
    return true;
}

}  // namespace pgregion::cli
