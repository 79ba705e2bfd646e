// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lines that hold registers, as a table: each row is what one tool prints, with an example that a test reads.
#pragma once

#include "cli/opening/register_collector.h"

#include <span>
#include <string_view>

namespace pgregion::cli
{

/// One kind of line.
struct LineGrammar {
    std::string_view name;     ///< what prints it
    std::string_view example;  ///< a line of it
    /// True when the line is one; `line` is neither empty nor begins or ends with blanks or a debugger's prompt.
    bool (*read)(std::string_view line, RegisterCollector &collector);
};

/// In the order in which they are asked.
[[nodiscard]] std::span<const LineGrammar> line_grammars();

}  // namespace pgregion::cli
