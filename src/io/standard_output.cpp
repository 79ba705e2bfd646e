// SPDX-License-Identifier: GPL-2.0-or-later
//
// Standard output as a sink, and the standard descriptors; see output.h.
#include "io/buffered_writer.h"
#include "io/failures.h"
#include "io/output.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace pgregion::io
{

struct StandardOutput::State {
    BufferedWriter writer{STDOUT_FILENO};
};

namespace
{

Error cannot_write(const std::system_error &problem)
{
    const int number = problem.code().value();
    const std::string why = number == EBADF ? "it is closed" : reason(number);
    Error error(Failure::operational, "cannot-write-output",
                "cannot be written: " + why + "; the output is not complete",
                number == ENOSPC || number == EDQUOT ? "make room there, or write to a file elsewhere: -o OUT"
                                                     : "write to a file instead: -o OUT");
    error.at("standard output").as(ErrorClass::output);
    return error;
}

/// Some file systems (NFS) tell of a failed write only on close; a duplicate can be closed without giving up
/// descriptor 1.
void ask_for_late_errors()
{
    const int duplicate = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0 || (::close(duplicate) != 0 && errno != EINTR))
        throw_errno("close");
}

}  // namespace

StandardOutput::StandardOutput() : state_(std::make_unique<State>()) {}

StandardOutput::~StandardOutput()
{
    try {
        state_->writer.flush();
    } catch (const std::system_error &) {
        // Nobody is left to tell: the command is failing for another reason.
    }
}

void StandardOutput::write(std::string_view text)
{
    try {
        state_->writer.write(text);
    } catch (const std::system_error &problem) {
        throw cannot_write(problem);
    }
}

void StandardOutput::finish()
{
    try {
        state_->writer.flush();
        if (state_->writer.wrote_anything())
            ask_for_late_errors();
    } catch (const std::system_error &problem) {
        throw cannot_write(problem);
    }
}

bool StandardOutput::reader_gone() const { return state_->writer.reader_gone(); }

void reserve_standard_descriptors()
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
        if (::fcntl(number, F_GETFD) != -1 || errno != EBADF)
            continue;
        // The lowest free number is this one. O_PATH gives a descriptor that no data can pass, and needs no
        // /dev/null.
        (void)::open("/", O_PATH | O_DIRECTORY);
    }
}

}  // namespace pgregion::io
