// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of plans: alloc, free, root, map and unmap on any region are refused with an Error or can be carried out and
// taken back.
#include "sparse_image.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>

#include <array>
#include <cstdlib>

namespace
{

using namespace pgregion;

Edits plan(const std::vector<std::byte> &image, const fuzz::Choice &choice, fuzz::Input &input)
{
    const std::uint64_t what = input.number(1) % 5;
    const TablesInRegion tables{choice.format, choice.params, fuzz::kBase, fuzz::root_of(choice)};
    const Iova iova(input.number(8));
    const std::uint64_t size = input.number(4) << kPageLg2;
    switch (what) {
    case 0:
        return plan_alloc(image, {.order = static_cast<unsigned>(input.number(1) % 11), .count = input.number(1)})
            .edits;
    case 1:
        return plan_free(image, std::array{PageIndex(input.number(2))});
    case 2:
        return plan_root(image, input.number(1) % 2 == 0 ? LiveUpdate::no : LiveUpdate::yes).edits;
    case 3:
        return plan_map(image, tables,
                        {.iova = iova,
                         .pa = PhysAddr(input.number(8)),
                         .size_bytes = size,
                         .access = Access::from_bits(input.number(1))})
            .edits;
    default:
        return plan_unmap(image, tables, {.iova = iova, .size_bytes = size, .empty_tables = EmptyTables::free}).edits;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    fuzz::Input input(data, size);
    auto choice = fuzz::any_format(input);
    if (!choice || choice->format == nullptr)
        return 0;
    fuzz::Input request = input;
    for (int i = 0; i < 32; ++i)
        static_cast<void>(input.number(1));
    std::vector<std::byte> image = fuzz::sparse_image(input);
    const std::vector<std::byte> before = image;
    try {
        const Edits edits = plan(image, *choice, request);
        if (!apply_edits(image, edits).applied || !apply_edits(image, invert(edits)).applied || image != before)
            std::abort();
    } catch (const Error &) {
        if (image != before)
            std::abort();
    }
    return 0;
}
