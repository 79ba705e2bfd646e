// SPDX-License-Identifier: GPL-2.0-or-later
//
// The Intel VT-d directory: from the root table address register to the page tables of a device, in legacy and in
// scalable mode. iommu-formats.md sections 1.1 to 1.7; VT-d specification, sections 9.1 to 9.6 and 11.4.
//
//   RTADDR   63      12 11 10 9  0
//              address   TTM   r        TTM: 0 legacy, 1 scalable, 2 reserved, 3 abort all
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats
{

extern const DirectoryFormat kVtdRoot;

}  // namespace pgregion::formats
