// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/writing/questions.h"

#include <pgregion/error.h>

#include <iostream>
#include <optional>
#include <string>

#include <unistd.h>

namespace pgregion::cli
{

namespace
{

enum class Answer { yes, no, all, stop };

std::optional<Answer> meaning_of(const std::string &text)
{
    if (text == "y" || text == "yes")
        return Answer::yes;
    if (text.empty() || text == "n" || text == "no")
        return Answer::no;
    if (text == "a" || text == "all")
        return Answer::all;
    if (text == "q" || text == "quit")
        return Answer::stop;
    return std::nullopt;
}

Answer ask()
{
    for (std::string line;;) {
        std::cerr << "repair this? [y]es, [N]o, [a]ll from here, [q]uit: " << std::flush;
        if (!std::getline(std::cin, line))
            return Answer::stop;
        if (const auto answer = meaning_of(line))
            return *answer;
    }
}

}  // namespace

bool can_ask() { return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0; }

std::vector<const Finding *> ask_for_each(const RepairPlan &plan, const report::FindingPlaces &places,
                                          const report::Palette &palette)
{
    std::vector<const Finding *> chosen;
    bool all = false;
    for (const PlannedRepair &repair : plan.repairs) {
        if (!all) {
            std::cerr << report::repair_text(repair, places, palette) << "    " << repair.finding->check->why << '\n'
                      << "    " << repair.finding->check->repair << '\n';
            const Answer answer = ask();
            if (answer == Answer::stop)
                throw Error(Failure::cancelled, "cancelled", "stopped by request; nothing was changed",
                            "pgregion repair -n SOURCE shows the whole plan");
            if (answer == Answer::no)
                continue;
            all = answer == Answer::all;
        }
        chosen.push_back(repair.finding);
    }
    return chosen;
}

}  // namespace pgregion::cli
