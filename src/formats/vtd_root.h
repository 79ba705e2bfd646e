// SPDX-License-Identifier: GPL-2.0-or-later
//
// The Intel VT-d directory in legacy mode: root table (by bus) and context tables (by device and function).
// iommu-formats.md sections 1.2 and 1.3; VT-d specification 9.1 and 9.3.
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats
{

extern const DirectoryFormat kVtdRoot;

}  // namespace pgregion::formats
