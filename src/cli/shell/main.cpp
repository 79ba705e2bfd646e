// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/run_program.h"
#include "io/output.h"

#include <csignal>

int main(int argc, char **argv)
{
    pgregion::io::reserve_standard_descriptors();
    // A reader that goes away (`| head`) ends the output, not the process: a command that writes a region must
    // not die between two of its writes.
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    return pgregion::cli::run_program(argc, argv);
}
