// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bytes to a descriptor through a 64-KiB buffer: a listing of a quarter of a million lines becomes some hundred
// system calls.
//
// Everything goes through the buffer, large pieces too: a piece may lie in a mapped source that has shrunk, and
// write(2) straight from there fails with EFAULT where copying finds the guard's zeros (fault_guard.h).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace pgregion::io
{

class BufferedWriter
{
public:
    /// Does not own `descriptor`.
    explicit BufferedWriter(int descriptor) : descriptor_(descriptor) {}
    BufferedWriter(const BufferedWriter &) = delete;
    BufferedWriter &operator=(const BufferedWriter &) = delete;
    ~BufferedWriter() = default;

    /// Throws std::system_error; what the buffer held is then dropped.
    void write(std::string_view text);
    void flush();

    /// True after EPIPE: the reader has gone (`| head`), further bytes are dropped. SIGPIPE must be ignored.
    [[nodiscard]] bool reader_gone() const { return reader_gone_; }
    /// True once bytes have reached the descriptor.
    [[nodiscard]] bool wrote_anything() const { return wrote_anything_; }

private:
    void write_out(std::string_view text);

    static constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

    int descriptor_;
    bool reader_gone_ = false;
    bool wrote_anything_ = false;
    std::size_t used_ = 0;
    std::array<char, kBufferBytes> buffer_;
};

}  // namespace pgregion::io
