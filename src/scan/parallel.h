// SPDX-License-Identifier: GPL-2.0-or-later
//
// The same work for many items on several threads. Which thread takes which item does not matter to the results:
// each item has its own place for them.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace pgregion::scan
{

/// Calls work(item, worker) for every item below `items`; workers are numbered from 0 below `jobs`. The first
/// exception ends all and is thrown again.
template <class Work>
void for_each_item(std::size_t items, unsigned jobs, const Work &work)
{
    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex failure_lock;
    const auto run = [&](unsigned worker) {
        try {
            for (std::size_t item = next++; item < items; item = next++)
                work(item, worker);
        } catch (...) {
            const std::lock_guard lock(failure_lock);
            failure = std::current_exception();
            next = items;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned worker = 1; worker < jobs; ++worker)
            threads.emplace_back(run, worker);
        run(0);
    }
    if (failure)
        std::rethrow_exception(failure);
}

}  // namespace pgregion::scan
