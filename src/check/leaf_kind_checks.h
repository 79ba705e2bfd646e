// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of kinds of leaves that are legal and still unwise; permission_checks.cpp hands them out.
#pragma once

#include "check/check_row.h"

namespace pgregion::check
{

extern const CheckRow kMemoryTypeMixed;       ///< PT43
extern const CheckRow kNestedParentReadOnly;  ///< PT51
extern const CheckRow kLeaf512G;              ///< PT52

}  // namespace pgregion::check
