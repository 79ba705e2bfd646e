// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/checking/read_twice.h"

#include "edit/journal_sum.h"

#include <algorithm>
#include <cstring>

namespace pgregion::cli
{

namespace
{

/// 0 stands for a page that is not there.
std::uint64_t sum_of(std::span<const std::byte> page) { return page.empty() ? 0 : journal_sum(page, 0); }

}  // namespace

ReadTwice::ReadTwice(CheckSubject &subject) : memory_(subject.memory)
{
    if (subject.region) {
        region_ = subject.region->bytes;
        region_base_ = subject.region->base.value_or(PhysAddr(0));
        copy_.assign(region_.begin(), region_.end());
        subject.region->bytes = copy_;
    }
    if (memory_ != nullptr)
        subject.memory = this;
}

std::span<const std::byte> ReadTwice::page(PhysAddr page_address, std::span<std::byte> buffer) const
{
    if (Range<PhysAddr>{region_base_, copy_.size()}.contains(page_address, kPageBytes))
        return std::span(copy_).subspan(page_address - region_base_, kPageBytes);
    const std::span<const std::byte> bytes = memory_->page(page_address, buffer);
    {
        const std::lock_guard lock(mutex_);
        if (sums_.contains(page_address.value()))
            return bytes;
    }
    const std::uint64_t sum = sum_of(bytes);
    const std::lock_guard lock(mutex_);
    sums_.emplace(page_address.value(), sum);
    return bytes;
}

bool ReadTwice::changed() const
{
    if (!copy_.empty() && std::memcmp(copy_.data(), region_.data(), copy_.size()) != 0)
        return true;
    std::vector<std::byte> buffer(kPageBytes);
    return std::ranges::any_of(
        sums_, [&](const auto &page) { return sum_of(memory_->page(PhysAddr(page.first), buffer)) != page.second; });
}

}  // namespace pgregion::cli
