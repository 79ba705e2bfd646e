// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the library does with a dump, timed in this process; dumps.py runs it and compares it with drgn.
//
//   read_dump read DUMP ADDRESSES   the first word of each page of 4 KiB whose physical address stands in the file
//                                   (u64, little-endian), where the page lies; prints seconds and the sum of words
//   read_dump reread …              the same for the second time: the kernel has mapped the pages meanwhile
//   read_dump copy …                as read, but each page is copied whole
//   read_dump walk DUMP ROOT        every leaf of every device of the VT-d directory at ROOT; prints seconds, leaves,
//                                   devices
#include "base/bytes.h"

#include <pgregion/mapping.h>
#include <pgregion/open.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace
{

using namespace pgregion;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<PhysAddr> load_addresses(const std::string &path)
{
    const Source file = Source::open(path, OpenMode::read_only);
    std::vector<PhysAddr> addresses;
    for (std::size_t at = 0; at + kWordBytes <= file.bytes().size(); at += kWordBytes)
        addresses.emplace_back(load_le64(file.bytes(), at));
    return addresses;
}

/// One look at every page: the first word where it lies, or where it was copied to.
std::uint64_t look(const MemorySource &memory, const std::vector<PhysAddr> &addresses, std::span<std::byte> copy)
{
    std::array<std::byte, kPageBytes> page{};
    std::uint64_t sum = 0;
    for (const PhysAddr address : addresses) {
        Bytes view = memory.page(address, page);
        if (!copy.empty()) {
            std::ranges::copy(view, copy.begin());
            view = copy;
        }
        sum += load_le64(view, 0);
    }
    return sum;
}

void read_pages(const std::string &how, const MemorySource &memory, const std::vector<PhysAddr> &addresses)
{
    std::array<std::byte, kPageBytes> copy{};
    if (how == "reread")
        look(memory, addresses, {});
    const Clock::time_point start = Clock::now();
    const std::uint64_t sum =
        look(memory, addresses, how == "copy" ? std::span<std::byte>(copy) : std::span<std::byte>());
    std::printf("%.6f %llu\n", seconds_since(start), static_cast<unsigned long long>(sum));
}

/// Takes every single leaf.
class Leaves final : public LeafVisitor<Leaves>
{
public:
    Visit leaves(const LeafRun &run)
    {
        for (std::uint64_t at = 0; at < run.count; ++at)
            mixed_ += (run.iova.value() ^ run.pa.value()) + at * run.leaf_bytes;
        count_ += run.count;
        return Visit::go_on;
    }
    std::uint64_t count_ = 0;
    std::uint64_t mixed_ = 0;
};

class Devices final : public DirectoryVisitor
{
public:
    void device(const Device &device) override
    {
        if (device.translation.format != nullptr)
            requests_.push_back(walk_request(device.translation));
    }
    std::vector<WalkRequest> requests_;
};

void walk(const MemorySource &memory, PhysAddr root)
{
    const Clock::time_point start = Clock::now();
    const DirectoryFormat *format = find_directory_format("vtd-root");
    Devices devices;
    walk_directory(memory, {.format = format, .params = default_params(*format), .root = root}, devices);
    Leaves leaves;
    for (const WalkRequest &request : devices.requests_)
        walk_tables(memory, request, leaves);
    const double seconds = seconds_since(start);
    std::printf("%.6f %llu %zu\n", seconds, static_cast<unsigned long long>(leaves.count_), devices.requests_.size());
    // The sum must be used, or it is not made.
    if (leaves.mixed_ == 1)
        std::puts("");
}

}  // namespace

int main(int argc, char **argv)
{
    const std::vector<std::string> arguments(argv, argv + argc);
    if (argc != 4) {
        std::fputs("usage: read_dump read|reread|copy DUMP ADDRESSES | read_dump walk DUMP ROOT\n", stderr);
        return 16;
    }
    try {
        const Source source = Source::open(arguments[2], OpenMode::read_only);
        if (source.is_flat())
            throw Error(Failure::usage, "not-a-dump", "is no dump", "");
        if (arguments[1] == "walk")
            walk(*source.memory(), PhysAddr(std::strtoull(argv[3], nullptr, 0)));
        else
            read_pages(arguments[1], *source.memory(), load_addresses(arguments[3]));
    } catch (const Error &error) {
        std::fprintf(stderr, "read_dump: %s: %s\n", error.source().c_str(), error.what());
        return 8;
    }
    return 0;
}
