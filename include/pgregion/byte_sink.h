// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where finished output goes. The report floor fills a sink and the io floor provides some (standard output,
// a file); as the two floors do not see each other, the interface stands here, below both.
#pragma once

#include <string_view>

namespace pgregion
{

/// A receiver of bytes in order. Copying makes no sense: a sink stands for one destination.
class ByteSink
{
public:
    ByteSink() = default;
    ByteSink(const ByteSink &) = delete;
    ByteSink &operator=(const ByteSink &) = delete;
    virtual ~ByteSink() = default;

    /// Takes all of `text`, which may hold any bytes. Throws Error (operational, "cannot-write-output").
    virtual void write(std::string_view text) = 0;

    /// Makes what was written reach its destination; nothing may be written afterwards. Throws like write().
    virtual void finish() = 0;

    /// True when nobody reads any more (`| head`): what is still written is dropped, so a producer may stop
    /// early. Not a failure.
    [[nodiscard]] virtual bool reader_gone() const { return false; }
};

}  // namespace pgregion
