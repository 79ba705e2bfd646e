// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/problems.h"

#include "report/text.h"

namespace pgregion::report
{

void Problems::put(ResultWriter &writer, const PageMap &pages) const
{
    if (!writer.wants_json())
        return;
    for (const Problem &problem : kept_)
        writer.row("problems", problem_json(problem, pages));
    writer.put("incomplete", incomplete_);
    writer.put("problem_count", total_);
    writer.put("truncated", truncated_);
}

std::vector<std::string> Problems::lines(std::size_t lines, const PageMap &pages) const
{
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < std::min(lines, kept_.size()); ++i)
        texts.push_back(problem_text(kept_[i], pages));
    if (total_ > texts.size())
        texts.push_back(fmt::format("and {} more; --json lists the first {}", total_ - texts.size(), kKept));
    if (limited_)
        texts.emplace_back("the list is cut at --limit: more rows follow");
    return texts;
}

}  // namespace pgregion::report
