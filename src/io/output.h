// SPDX-License-Identifier: GPL-2.0-or-later
//
// The destinations of what commands produce: standard output, and the file of -o (cli.md section 2). Both report
// a failed write (full disk, closed descriptor) as Error "cannot-write-output", exit 8, and keep quiet about a
// reader that has gone.
#pragma once

#include <pgregion/byte_sink.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pgregion::io
{

/// Descriptor 1, buffered. The destructor still writes what finish() was not asked for, but cannot report a
/// failure: call finish().
class StandardOutput : public ByteSink
{
public:
    StandardOutput();
    ~StandardOutput() override;

    void write(std::string_view text) override;
    void finish() override;
    [[nodiscard]] bool reader_gone() const override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// A file made whole or not at all: it gets its name (and replaces what had it) in finish(); destroyed without
/// finish() it leaves nothing. A replaced file keeps its mode, and its owner where that is allowed; a symbolic
/// link stays and what it points to is replaced. What is not a regular file (/dev/null, a pipe, /dev/stdout) is
/// written to directly. Directories and block devices are refused.
class OutputFile : public ByteSink
{
public:
    /// Throws Error "cannot-write-output".
    explicit OutputFile(const std::string &path);
    ~OutputFile() override;

    void write(std::string_view text) override;
    void finish() override;
    [[nodiscard]] bool reader_gone() const override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Makes `path` hold exactly `content`, whole or not at all. Throws Error "cannot-write-output".
void replace_file(const std::string &path, std::span<const std::byte> content);

/// To be called first in main. A program started with descriptor 0, 1 or 2 closed would get that number for the
/// first file it opens, and print into a region image. The numbers are taken by descriptors that can be neither
/// read nor written, so that output still fails with EBADF.
void reserve_standard_descriptors();

/// All of a regular file, a pipe, a terminal or `-` (standard input). Throws Error: the codes of Source::open(),
/// and "file-too-large" beyond `limit_bytes`.
[[nodiscard]] std::string read_small_file(const std::string &path, std::size_t limit_bytes);

}  // namespace pgregion::io
