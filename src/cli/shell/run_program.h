// SPDX-License-Identifier: GPL-2.0-or-later
//
// The program as a whole: choosing the command and its output, turning failures into an exit status.
#pragma once

namespace pgregion::cli
{

/// Runs the program and returns its exit status; throws nothing.
int run_program(int argc, const char *const *argv);

}  // namespace pgregion::cli
