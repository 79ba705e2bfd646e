// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/fault_report.h"

#include "report/json.h"

namespace pgregion::report
{

void write_faults(ResultWriter &writer, std::span<const KnownFault> faults, const Palette &palette)
{
    writer.list("faults", "fault");
    for (const KnownFault &fault : faults) {
        writer.text(fmt::format(
            "{}: {}\n", palette.strong(fmt::format("{} fault {}", fault.architecture, hex(fault.code))), fault.name));
        if (writer.wants_json())
            writer.row("faults",
                       {{"architecture", fault.architecture}, {"code", hex(fault.code)}, {"name", fault.name}});
    }
}

}  // namespace pgregion::report
