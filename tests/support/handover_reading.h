// SPDX-License-Identifier: GPL-2.0-or-later
//
// A made hand-over, read and proved, and what is in it in a few words.
#pragma once

#include "support/handover_image.h"

#include <pgregion/handover.h>

#include <string>
#include <vector>

namespace pgregion::test
{

/// Reads and proves the hand-over of the image; `search` is where lost pages are looked for.
[[nodiscard]] inline Handover hand_over(const HandoverImage &image, const std::vector<Range<PhysAddr>> &search = {})
{
    const PiecewiseMemory memory = image.memory();
    Handover handover = read_handover(memory, {PhysAddr(image.address(at::kFdt)), {}, search});
    prove_handover(memory, handover);
    return handover;
}

[[nodiscard]] inline std::vector<std::string> codes(const Handover &handover)
{
    std::vector<std::string> codes;
    for (const HandoverProblem &problem : handover.problems)
        codes.emplace_back(code(problem.kind));
    return codes;
}

[[nodiscard]] inline std::vector<std::string> kinds(const Handover &handover)
{
    std::vector<std::string> kinds;
    for (const HandoverRecord &record : handover.records)
        kinds.emplace_back(record.kind);
    return kinds;
}

}  // namespace pgregion::test
