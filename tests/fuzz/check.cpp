// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of checks and repairs: any 2 MiB, read in any format, are checked in bounded work; every repair that is
// planned can be carried out and taken back; and no repair invents access.
#include "sparse_image.h"

#include <pgregion/check.h>
#include <pgregion/edit.h>
#include <pgregion/memory_source.h>

#include <cstdlib>

namespace
{

using namespace pgregion;

CheckReport check(const std::vector<std::byte> &image, const PiecewiseMemory &memory, const fuzz::Choice &choice)
{
    CheckSubject subject;
    subject.memory = &memory;
    subject.region = {image, fuzz::kBase};
    subject.liveupdate = LiveUpdate::yes;
    if (choice.directory != nullptr)
        subject.units = {{choice.directory, choice.params, fuzz::root_of(choice)}};
    else
        subject.tables = {{choice.format, choice.params, fuzz::root_of(choice)}};
    return run_checks(subject);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    fuzz::Input input(data, size);
    const auto choice = fuzz::any_format(input);
    if (!choice)
        return 0;
    std::vector<std::byte> image = fuzz::sparse_image(input);
    const std::vector<std::byte> before = image;
    PiecewiseMemory memory;
    memory.add(fuzz::kBase, image);
    const CheckReport report = check(image, memory, *choice);
    std::vector<const Finding *> findings;
    for (const Finding &finding : report.findings)
        findings.push_back(&finding);
    const DirectoryRequest unit{choice->directory, choice->params, fuzz::root_of(*choice)};
    RepairTarget target;
    target.bytes = image;
    target.base = fuzz::kBase;
    target.is_region = true;
    if (choice->directory != nullptr)
        target.units = {&unit, 1};
    const RepairPlan plan = plan_repair(target, findings);
    if (!apply_edits(image, plan.edits).applied)
        std::abort();
    static_cast<void>(check(image, memory, *choice));
    if (!apply_edits(image, invert(plan.edits)).applied || image != before)
        std::abort();
    return 0;
}
