// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bytes to a descriptor; see buffered_writer.h.
#include "io/buffered_writer.h"

#include "io/failures.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

/// A shell may hand over a non-blocking pipe or terminal; then a full one is no error.
void wait_until_writable(int descriptor)
{
    pollfd wanted{descriptor, POLLOUT, 0};
    ::poll(&wanted, 1, -1);
}

}  // namespace

void BufferedWriter::write(std::string_view text)
{
    while (!text.empty() && !reader_gone_) {
        const std::size_t taken = std::min(text.size(), buffer_.size() - used_);
        std::memcpy(buffer_.data() + used_, text.data(), taken);
        used_ += taken;
        text.remove_prefix(taken);
        if (used_ == buffer_.size())
            flush();
    }
}

void BufferedWriter::flush() { write_out({buffer_.data(), std::exchange(used_, 0)}); }

void BufferedWriter::write_out(std::string_view text)
{
    while (!text.empty() && !reader_gone_) {
        const ssize_t written = ::write(descriptor_, text.data(), text.size());
        if (written >= 0) {
            wrote_anything_ = true;
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            reader_gone_ = true;
        } else if (errno == EAGAIN) {
            wait_until_writable(descriptor_);
        } else if (errno != EINTR) {
            throw_errno("write");
        }
    }
}

}  // namespace pgregion::io
