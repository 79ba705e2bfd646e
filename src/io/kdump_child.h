// SPDX-License-Identifier: GPL-2.0-or-later
//
// The child process that reads a kdump, as its parent sees it: pages are asked for and come, or an Error tells what
// became of the child.
#pragma once

#include "base/bytes.h"
#include "io/descriptor.h"
#include "io/kdump_layout.h"
#include "io/kdump_reader.h"

#include <pgregion/error.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace pgregion::io
{

struct KdumpLimits {
    std::chrono::milliseconds to_open{30'000};
    std::chrono::milliseconds to_answer{10'000};
    /// Processes that read it at most, so that as many threads do not wait for each other; 0: one for each processor,
    /// but no more than 8. All but the first open the dump when a second thread asks.
    unsigned readers = 0;
};

class KdumpChild
{
public:
    /// Makes the child, which does nothing yet. Throws "cannot-open" where none can be made.
    KdumpChild(std::string path, const KdumpLayout &layout, const KdumpLimits &limits);
    KdumpChild(const KdumpChild &) = delete;
    KdumpChild &operator=(const KdumpChild &) = delete;
    ~KdumpChild();

    /// Has the child open the dump, once. Throws "damaged-dump" where the library refuses, dies or takes too long.
    void open();

    /// Reads `request.count` pages into window(), once it is open; one caller at a time. Throws "damaged-dump" where the
    /// child is gone; every later call does so, too.
    [[nodiscard]] PageAnswer read(const PageRequest &request);

    /// Others write to it while read() runs, and a child that was taken over at any time.
    [[nodiscard]] Bytes window() const { return window_; }

    /// Why the child is gone.
    [[nodiscard]] const std::optional<Error> &end() const { return end_; }

private:
    void start(const KdumpLayout &layout);
    [[nodiscard]] PageAnswer receive(std::chrono::milliseconds limit);
    /// Ends the child and says why there is no answer.
    [[noreturn]] void give_up(const std::string &why);
    int reap();
    /// The same, but a child that is dying may do so first, so that its status tells of what.
    int reap_dying();

    std::string path_;
    KdumpLimits limits_;
    Descriptor socket_;
    MutableBytes window_;
    pid_t child_ = -1;
    bool is_open_ = false;
    std::optional<Error> end_;
};

/// `text` from a dump or from the child, with ? for what is no printable ASCII.
[[nodiscard]] std::string harmless(std::string_view text);

}  // namespace pgregion::io
