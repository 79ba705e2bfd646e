// SPDX-License-Identifier: GPL-2.0-or-later
//
// Collects the problems of one listing: all of them are counted, the first are kept. A damaged page gives 512
// of one kind, a hostile image as many as it likes.
#pragma once

#include "report/place.h"

#include <utility>

namespace pgregion::report
{

class Problems
{
public:
    static constexpr std::size_t kKept = 1000;

    void add(const Problem &problem)
    {
        ++total_;
        (cuts_short(problem.kind) ? truncated_ : incomplete_) = true;
        if (kept_.size() < kKept)
            kept_.push_back(problem);
    }
    void add(const WalkOutcome &outcome)
    {
        incomplete_ = incomplete_ || outcome.incomplete;
        truncated_ = truncated_ || outcome.truncated;
    }
    /// --limit has cut the listing.
    void truncate() { truncated_ = limited_ = true; }

    [[nodiscard]] std::size_t total() const { return total_; }
    [[nodiscard]] const std::vector<Problem> &kept() const { return kept_; }
    [[nodiscard]] bool truncated() const { return truncated_; }
    [[nodiscard]] bool incomplete() const { return incomplete_; }

    /// Writes `incomplete`, `problems` and `truncated`; the list was announced under "problems".
    void put(ResultWriter &writer, const PageMap &pages) const;
    /// At most `lines` lines for standard error, one that counts the rest, and one where --limit has cut the listing.
    [[nodiscard]] std::vector<std::string> lines(std::size_t lines, const PageMap &pages) const;

private:
    std::vector<Problem> kept_;
    std::size_t total_ = 0;
    bool truncated_ = false;
    bool limited_ = false;
    bool incomplete_ = false;
};

/// Collects problems beside whatever else `Base`, a visitor, takes.
template <class Base>
class WithProblems : public Base
{
public:
    template <class... Args>
    explicit WithProblems(Problems &problems, Args &&...args) : Base(std::forward<Args>(args)...), problems_(problems)
    {
    }
    void problem(const Problem &problem) override { problems_.add(problem); }

private:
    Problems &problems_;
};

}  // namespace pgregion::report
