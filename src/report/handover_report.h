// SPDX-License-Identifier: GPL-2.0-or-later
//
// A live-update hand-over as text and JSON: the records as a tree, the roots with the proof that their tables are
// preserved and the command that goes on from there.
#pragma once

#include "report/next_command.h"
#include "report/result_writer.h"
#include "report/text.h"

#include <pgregion/handover.h>

#include <string>
#include <vector>

namespace pgregion::report
{

/// "0000:3a:02.1".
[[nodiscard]] std::string handover_device_name(const HandoverDevice &device);

/// One sentence: what, where, why it matters.
[[nodiscard]] std::string handover_problem_text(const HandoverProblem &problem);

/// The command that goes on from a root, without its source; empty where no format is known.
struct NextCommand {
    std::string command;  ///< "mappings"
    std::string options;  ///< "--format vtd-ss --levels 4 --root 0x1000"
};
[[nodiscard]] NextCommand next_command(const HandoverRoot &root);

/// What the report is about.
struct HandoverReport {
    const Handover &handover;
    std::span<const HandoverFdt> fdts;  ///< all that were found
    SourceWords next;                   ///< of the next command
};

/// Announces the lists and writes all of it, between begin() and end().
void write_handover(ResultWriter &writer, const HandoverReport &report, const Palette &palette);

}  // namespace pgregion::report
