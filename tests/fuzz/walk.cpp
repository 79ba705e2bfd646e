// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of the walker: any memory, read in any format, is listed, translated and looked up in bounded work.
#include "sparse_image.h"

#include <pgregion/guess.h>
#include <pgregion/mapping.h>
#include <pgregion/walk.h>

namespace
{

using namespace pgregion;

class Leaves final : public LeafVisitor<Leaves>
{
public:
    Visit leaves(const LeafRun &run)
    {
        bytes_ += run.leaf_bytes * run.count;
        return Visit::go_on;
    }

private:
    std::uint64_t bytes_ = 0;
};

class Devices final : public DirectoryVisitor
{
public:
    explicit Devices(const MemorySource &memory) : memory_(memory) {}
    void device(const Device &device) override
    {
        constexpr unsigned kMostWalks = 4;
        if (device.translation.format == nullptr || walks_++ >= kMostWalks)
            return;
        Leaves leaves;
        walk_tables(memory_, walk_request(device.translation), leaves);
        static_cast<void>(translate(memory_, walk_request(device.translation), Iova(0x1000), Access::write()));
    }

private:
    const MemorySource &memory_;
    unsigned walks_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    fuzz::Input input(data, size);
    const auto choice = fuzz::any_format(input);
    const Iova iova(input.number(8));
    if (!choice)
        return 0;
    const std::vector<std::byte> image = fuzz::sparse_image(input);
    PiecewiseMemory memory;
    memory.add(fuzz::kBase, image);
    const PhysAddr root = fuzz::root_of(*choice);
    if (choice->directory != nullptr) {
        Devices devices(memory);
        const DirectoryRequest request{choice->directory, choice->params, root};
        walk_directory(memory, request, devices);
        static_cast<void>(find_device(memory, request, {static_cast<std::uint32_t>(iova.value() & 0xffff), {}}));
        return 0;
    }
    WalkRequest request;
    request.format = choice->format;
    request.params = choice->params;
    request.root = root;
    Leaves leaves;
    walk_tables(memory, request, leaves);
    static_cast<void>(translate(memory, request, iova, Access::read()));
    return 0;
}
