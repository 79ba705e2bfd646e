// SPDX-License-Identifier: GPL-2.0-or-later
//
// A user of the installed package: includes public headers alone, calls each library once (so that all must
// link), and fails when one of them does not do its work.

#include <pgregion/error.h>
#include <pgregion/open.h>
#include <pgregion/region.h>
#include <pgregion/text_form.h>

#include <cstddef>
#include <cstdio>
#include <optional>
#include <vector>

namespace
{

bool core_describes_a_region(const std::vector<std::byte> &region)
{
    return pgregion::describe_region(region).state == pgregion::RegionState::opened;
}

bool report_writes_and_reads_it(const std::vector<std::byte> &region)
{
    return pgregion::parse_text_form(pgregion::write_text_form(region, std::nullopt, {})) == region;
}

bool io_names_a_missing_file()
{
    try {
        (void)pgregion::Source::open("/no/such/file", pgregion::OpenMode::read_only);
    } catch (const pgregion::Error &error) {
        return error.code() == "no-such-file";
    }
    return false;
}

}  // namespace

int main()
{
    std::vector<std::byte> region(std::size_t{2} << 20);
    region.front() = std::byte{1};
    const bool fine =
        core_describes_a_region(region) && report_writes_and_reads_it(region) && io_names_a_missing_file();
    std::puts(fine ? "core, io and report are there" : "a library does not do its work");
    return fine ? 0 : 1;
}
