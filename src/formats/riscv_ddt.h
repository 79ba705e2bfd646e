// SPDX-License-Identifier: GPL-2.0-or-later
//
// The RISC-V IOMMU's directory: device directory table (DDT) with device contexts (DC), and the process directory
// table (PDT) with process contexts (PC) of a device. iommu-formats.md sections 5.1 to 5.4; RISC-V IOMMU
// specification, chapter "Data Structures".
//
//   ddtp ──► DDT, 1 to 3 levels ──► DC ──► first stage, second stage, both or none
//                                     └──► PDT, 1 to 3 levels ──► PC ──► first stage
//
//   ddtp     63:54 reserved | 53 PPN 10 | 9:5 reserved | 4 busy | 3 mode 0     mode: 0 off, 1 bare, 2 to 4 levels + 1
//
// The byte order of the DDT and of second-stage tables is that of fctl.BE, the byte order of the PDT and of
// first-stage tables that of DC.tc.SBE. With a second stage, all addresses of the PDT are translated by it.
#pragma once

#include <pgregion/format.h>

namespace pgregion::formats
{

extern const DirectoryFormat kRiscvDdt;

}  // namespace pgregion::formats
