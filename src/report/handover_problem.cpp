// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sentences for what is wrong with a hand-over.
#include "report/handover_report.h"

namespace pgregion::report
{

namespace
{

/// What the search, and what tells kernels apart, found wrong.
std::string tree_problem(HandoverProblemKind kind, const std::string &at, const std::string &observed)
{
    switch (kind) {
    case HandoverProblemKind::tracker_consumed:
        return fmt::format(
            "the tracker at {} does not hold its own KHO FDT: its pages were used for something else, as "
            "by the kernel that took this hand-over in; what was preserved cannot be told",
            at);
    case HandoverProblemKind::nothing_written:
        return fmt::format("the LUO data at {} lists neither sessions nor FLBs: the kernel writes them only on the way "
                           "down (liveupdate_reboot), and what it will hand over is not to be seen before",
                           at);
    case HandoverProblemKind::version_unknown:
        return fmt::format("what is recorded at {} is of a version that is not known: named, and not read", at);
    case HandoverProblemKind::tree_unread:
        return fmt::format("the KHO FDT at {} is of a version that is not known, or leads to one: it may be the "
                           "hand-over, and is not read; --fdt {} says why",
                           at, at);
    case HandoverProblemKind::memory_not_preserved:
        return fmt::format("the memory at {}, which the record at {} hands over, is not preserved: the next kernel "
                           "will use it",
                           observed, at);
    case HandoverProblemKind::array_too_short:
        return fmt::format("the array of pages of the file at {} ends early: the rest of the file is not shown", at);
    default:
        return {};
    }
}

/// What is wrong with a structure of the records.
std::string record_problem(HandoverProblemKind kind, const std::string &at, const std::string &observed)
{
    switch (kind) {
    case HandoverProblemKind::page_missing:
        return fmt::format("the page at {} is not in the source: what it holds is not shown", at);
    case HandoverProblemKind::pointer_misaligned:
        return fmt::format("{}, reached from {}, is not the address of a page: not followed", observed, at);
    case HandoverProblemKind::chain_cycle:
        return fmt::format("the chain comes back from {} to {}: cut there, and the next kernel would not end", at,
                           observed);
    case HandoverProblemKind::chain_too_long:
        return fmt::format("the chain goes on behind {}, longer than any kernel's: the rest is not read", at);
    case HandoverProblemKind::count_too_big:
        return fmt::format("the page at {} claims {} elements, more than it has room for: the room is read", at,
                           observed);
    case HandoverProblemKind::order_too_big:
        return fmt::format("the chunk at {} is of order {}, larger than any memory: not read", at, observed);
    case HandoverProblemKind::fdt_malformed:
        return fmt::format(
            "at {} there is no LUO data, neither an FDT nor a structure with a version: a kernel that took "
            "this hand-over in has used the page since; sessions and FLBs are found by their form alone",
            at);
    case HandoverProblemKind::property_missing:
        return fmt::format("a node of the FDT at {} lacks a property, or it has another size: left out", at);
    case HandoverProblemKind::no_preserved_map:
        return fmt::format("the KHO FDT at {} names no preserved memory map: nothing can be proved", at);
    case HandoverProblemKind::layout_unknown:
        return fmt::format("the FLB at {} is of the first posting of iommu-v1, which is not decoded", at);
    case HandoverProblemKind::object_implausible:
        return fmt::format("{} objects of the array at {} and its chain make no sense in any known size: what is "
                           "shown of them may be wrong",
                           observed, at);
    case HandoverProblemKind::search_cut_short:
        return fmt::format("more in the memory looks like an FDT than was looked at (from {} on): give --fdt", at);
    case HandoverProblemKind::too_many_records:
        return fmt::format("there are more records than are read (from {} on)", at);
    default:
        return {};
    }
}

/// What is wrong with a root and what it leads to.
std::string root_problem(HandoverProblemKind kind, const std::string &at, const std::string &observed)
{
    switch (kind) {
    case HandoverProblemKind::hw_type_unknown:
        return fmt::format("the IOMMU object at {} is of type {}, which is not known: its roots are not shown", at,
                           observed);
    case HandoverProblemKind::level_out_of_range:
        return fmt::format("the domain at {} has its top table at level {}, which its format does not have: not walked",
                           at, observed);
    case HandoverProblemKind::root_missing:
        return fmt::format("the object at {} names a root {}, where no table can be: not walked", at, observed);
    case HandoverProblemKind::record_not_preserved:
        return fmt::format("the records on page {} are not preserved: the next kernel finds other bytes there", at);
    case HandoverProblemKind::table_not_preserved:
        return fmt::format("the table at {}, reached from the root {}, is not preserved: the next kernel will use the "
                           "page while a device is translated through it",
                           observed, at);
    case HandoverProblemKind::table_missing:
        return fmt::format("the table at {}, reached from the root {}, is not in the source: nothing below it is seen",
                           observed, at);
    case HandoverProblemKind::tables_malformed:
        return fmt::format("{} entries below the root {} are malformed; a check of it says how", observed, at);
    case HandoverProblemKind::tables_cut_short:
        return fmt::format("there is more below the root {} than the work allowed: not all of it is proved", at);
    default:
        return {};
    }
}

}  // namespace

std::string handover_problem_text(const HandoverProblem &problem)
{
    const std::string at = problem.at ? hex(problem.at->value()) : std::string("0x0");
    const std::string observed = hex(problem.observed);
    if (problem.device && problem.kind == HandoverProblemKind::domain_mismatch)
        return fmt::format("the directory sends {} to the tables at {}, its record to those at {}: one of them is "
                           "stale",
                           handover_device_name(*problem.device), observed, at);
    if (problem.device)
        return fmt::format("the directory at {} translates nothing for {}, which is handed over as its device", at,
                           handover_device_name(*problem.device));
    if (!problem.at && problem.kind == HandoverProblemKind::no_preserved_map)
        return "the KHO FDT in the file names no preserved memory map: nothing can be proved";
    if (!problem.at && problem.kind == HandoverProblemKind::property_missing)
        return "a node of the KHO FDT in the file lacks a property, or it has another size: left out";
    for (const auto text_of : {tree_problem, record_problem, root_problem}) {
        if (std::string text = text_of(problem.kind, at, observed); !text.empty())
            return text;
    }
    return {};
}

}  // namespace pgregion::report
