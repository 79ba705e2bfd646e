// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which IOMMU the registers of a text are of. Offsets mean different registers in different IOMMUs; version and
// capability registers and reserved bits tell them apart. What they leave open the tables decide, see units.h.
#pragma once

#include "cli/opening/options.h"
#include "cli/opening/register_text.h"

#include <pgregion/error.h>

#include <vector>

namespace pgregion::cli
{

/// The registers of one IOMMU, as far as they are known.
struct RegisterSet {
    const DirectoryFormat *format = nullptr;
    RegisterValues values;
    bool of_dump = false;  ///< from a dump of the tables themselves
};

/// True when the IOMMU is switched on, as far as its registers say.
[[nodiscard]] bool leads_to_tables(const RegisterSet &set);

/// True unless --format names another format.
[[nodiscard]] bool is_wanted(const RegisterSet &set, const DecodingOptions &options);

/// The registers of `bank` as each format that they fit best, as far as they lead to tables; empty when they fit none.
[[nodiscard]] std::vector<RegisterSet> sets_in(const RegisterBank &bank, const DecodingOptions &options);

/// Why nothing of the text leads to tables, and what would help: operational "registers-not-found".
[[nodiscard]] Error no_registers(const RegisterText &text, const DecodingOptions &options);

}  // namespace pgregion::cli
