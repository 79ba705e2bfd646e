// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/place.h"

#include "report/text.h"

#include <pgregion/walk.h>

namespace pgregion::report
{

namespace
{

/// Wider fields are printed as hexadecimal strings: scripts read numbers as floating point.
constexpr int kMaxNumberBits = 32;

bool is_wide(const FieldSpec &spec)
{
    return spec.role == FieldRole::address || spec.high - spec.low >= kMaxNumberBits;
}

std::string where(const Problem &problem, const PageMap &pages)
{
    std::string text = fmt::format("entry {} of the table at {}", problem.index, pages.describe(problem.table));
    if (problem.iova)
        append(text, " (level {}, IOVA {})", problem.level.value_or(0), hex(problem.iova->value()));
    if (problem.device)
        append(text, " (from device {} on)", device_name(*problem.device));
    return text;
}

std::string what(const Problem &problem, const PageMap &pages)
{
    switch (problem.kind) {
    case ProblemKind::table_outside_source:
        return fmt::format("points to a table at {}, which the source does not hold: what it maps is not shown",
                           pages.describe(PhysAddr(problem.observed)));
    case ProblemKind::reserved_bits:
        return fmt::format("has reserved bits set ({}): hardware faults on it", hex(problem.observed));
    case ProblemKind::invalid_entry:
        return fmt::format("is of an encoding that means nothing ({}): hardware faults on it", hex(problem.observed));
    case ProblemKind::table_repeated:
        return fmt::format("points to the table at {} once more, which was shown {} times already: not expanded again",
                           pages.describe(PhysAddr(problem.observed)), kMaxExpansions);
    case ProblemKind::budget_spent:
        return "and what follows is not shown: the tables repeat so often that listing them all would not end";
    case ProblemKind::root_outside_source:
        return fmt::format("has its page tables at {}, which the source does not hold: add them by --with FILE@0xPA",
                           pages.describe(PhysAddr(problem.observed)));
    case ProblemKind::replicas_differ:
        return fmt::format("is one of several copies of a leaf ({}) that differ, are missing or stand out of place: "
                           "what hardware does is undefined",
                           hex(problem.observed));
    case ProblemKind::not_in_outer_stage:
        return fmt::format("maps the intermediate address {}, which the outer stage does not map: hardware faults",
                           hex(problem.observed));
    }
    return {};
}

}  // namespace

std::optional<std::uint64_t> PageMap::page(PhysAddr address) const
{
    const std::uint64_t distance = address - base.value_or(PhysAddr(0));
    if (distance / kPageBytes >= pages)
        return std::nullopt;
    return distance / kPageBytes;
}

std::string PageMap::describe(PhysAddr address) const
{
    const auto index = page(address);
    if (!index)
        return hex(address.value());
    return base ? fmt::format("{} (page {})", hex(address.value()), *index) : fmt::format("page {}", *index);
}

Json PageMap::address(PhysAddr address) const { return base ? Json(hex(address.value())) : Json(nullptr); }

Json PageMap::page_json(PhysAddr address) const
{
    const auto index = page(address);
    return index ? Json(*index) : Json(nullptr);
}

std::string fields_text(std::span<const FieldSpec> specs, std::span<const std::uint64_t> record, FieldsShown shown)
{
    std::string text;
    for (const FieldSpec &spec : specs) {
        const std::uint64_t value = field_value(spec, record);
        if (value == 0 && shown == FieldsShown::set)
            continue;
        append(text, "{}{}", text.empty() ? "" : " ", spec.name);
        if (spec.role != FieldRole::flag || shown == FieldsShown::all)
            append(text, "={}", value < 10 && !is_wide(spec) ? std::to_string(value) : hex(value));
        if (spec.role == FieldRole::reserved && value != 0)
            text += "!";
    }
    return text;
}

Json fields_json(std::span<const FieldSpec> specs, std::span<const std::uint64_t> record)
{
    Json json = Json::object();
    for (const FieldSpec &spec : specs) {
        const std::uint64_t value = field_value(spec, record);
        json.set(spec.name, is_wide(spec) ? Json(hex(value)) : Json(value));
    }
    return json;
}

std::string problem_text(const Problem &problem, const PageMap &pages)
{
    return where(problem, pages) + " " + what(problem, pages);
}

Json problem_json(const Problem &problem, const PageMap &pages)
{
    Json json;
    json.set("code", code(problem.kind));
    json.set("table", pages.address(problem.table));
    json.set("page", pages.page_json(problem.table));
    json.set("level", problem.level ? Json(*problem.level) : Json(nullptr));
    json.set("index", problem.index);
    json.set("iova", problem.iova ? Json(hex(problem.iova->value())) : Json(nullptr));
    json.set("device", problem.device ? Json(device_name(*problem.device)) : Json(nullptr));
    json.set("observed", hex(problem.observed));
    json.set("message", problem_text(problem, pages));
    return json;
}

}  // namespace pgregion::report
