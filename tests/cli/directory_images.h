// SPDX-License-Identifier: GPL-2.0-or-later
//
// Small regions with a directory of each architecture, made by hand, word by word: what the manuals say such words
// mean is what the tests of the command line expect. The directory begins on page 1; the regions lie at kRegionAt.
#pragma once

#include "support/table_image.h"

namespace pgregion::test
{

inline constexpr std::uint64_t kRegionAt = 0x1000000;

/// VT-d scalable mode, 00:02.0: PASID 0 second stage (which requests without PASID use), 1 first stage, 2 nested,
/// 3 pass-through, 4 with a reserved translation type. RTADDR 0x1001400.
inline TableImage vtd_scalable_region()
{
    TableImage image(kRegionAt);
    image.allocate(0, 16);
    image.put(1, 0, 0x1002001);                 // root entry, devices 0 to 15: context table
    image.put(2, 0x10 * 4, 0x1003009);          // context entry: PASID directory, PASIDE, P
    image.put(3, 0, 0x1004001);                 // PASID directory entry
    image.put(4, 0, 0x1005089).put(4, 1, 7);    // PGTT 2, 4 levels, domain 7
    image.put(4, 8, 0x41).put(4, 9, 8);         // PGTT 1, domain 8
    image.put(4, 10, 0x1008000);                //   first-stage root
    image.put(4, 16, 0x10050c9).put(4, 17, 9);  // PGTT 3, domain 9
    image.put(4, 18, 0x20000);                  //   first-stage root in the guest
    image.put(4, 24, 0x109).put(4, 25, 1);      // PGTT 4, domain 1
    image.put(4, 32, 0x1c1).put(4, 33, 2);      // PGTT 7, domain 2
    image.put(5, 0, 0x1006003).put(6, 0, 0x1007003).put(7, 0, 0x1009003);
    for (std::uint64_t i = 0; i < 4; ++i)  // guest 0x20000 to 0x23fff: pages 10 to 13
        image.put(9, 0x20 + i, 0x100a003 + i * 0x1000);
    image.put(9, 0x100, 0x50000003).put(9, 0x101, 0x50001001);
    image.put(10, 0, 0x21007).put(11, 0, 0x22007).put(12, 0, 0x23007);
    image.put(13, 0x10, 0x100067).put(13, 0x11, 0x101067).put(13, 0x12, 0x300067);
    image.put(8, 0, 0x100e007).put(14, 0, 0x100f007).put(15, 0, 0x1010007).put(16, 5, 0x60000067);
    return image;
}

/// A device table of one page: 00:00.0 blocked, 00:00.1 passed through for reading alone, 00:02.0 with host tables
/// of three levels, all others without V. Device table base register 0x1001000.
inline TableImage amd_region()
{
    TableImage image(kRegionAt);
    image.allocate(0, 4);
    image.put(1, 0, 0x3);
    image.put(1, 4, 0x2000000000000003);
    image.put(1, 0x10 * 4, 0x6000000001002603).put(1, 0x10 * 4 + 1, 5);
    image.put(2, 0, 0x6000000001003401).put(3, 0, 0x6000000001004201).put(4, 0, 0x6000000050000001);
    return image;
}

/// A linear stream table of 64 entries: stream 1 stage 1 of 39 bits, 2 bypass, 3 abort. STRTAB_BASE 0x1001000,
/// STRTAB_BASE_CFG 0x6.
inline TableImage smmu_region()
{
    TableImage image(kRegionAt);
    image.allocate(0, 5);
    image.put(1, 8, 0x100200b);                                // Config 5, context descriptor on page 2
    image.put(1, 16, 0x9).put(1, 24, 0x1);                     // Config 4, Config 0
    image.put(2, 0, 0x00030205c0000019).put(2, 1, 0x1003000);  // ASID 3, AA64, 48 bits, EPD1, T0SZ 25
    image.put(3, 0, 0x1004003).put(4, 0, 0x1005003).put(5, 1, 0x0060000050000f47);
    return image;
}

/// One level of device contexts, extended: device 1 with a process directory (process 0 Sv39, 7 bare), 3 nested
/// (Sv39 on Sv39x4), 4 second stage, 5 bare, 6 misconfigured. ddtp 0x400402.
inline TableImage riscv_region()
{
    TableImage image(kRegionAt);
    image.allocate(0, 16);
    image.put(1, 8, 0x321).put(1, 11, 0x100000000000100c);   // DPE, SADE, PDTV, V; PD8 on page 12
    image.put(1, 24, 0x181).put(1, 25, 0x8000400000001004);  // SADE, GADE, V; Sv39x4, GSCID 4, pages 4 to 7
    image.put(1, 27, 0x8000000000000020);                    //   Sv39, root at 0x20000 in the guest
    image.put(1, 32, 0x81).put(1, 33, 0x8000400000001004);   // GADE, V
    image.put(1, 40, 0x1);
    image.put(1, 48, 0x5);                          // EN_PRI without EN_ATS
    image.put(4, 0, 0x402001).put(8, 0, 0x402401);  // second stage: pages 4, 8, 9
    image.put(9, 0x20, 0x4028df).put(9, 0x21, 0x402cdf).put(9, 0x22, 0x4040df);
    image.put(9, 0x100, 0x140000df);
    image.put(10, 0, 0x8401).put(11, 0, 0x8801).put(16, 5, 0x400d7);  // first stage in the guest: pages 10, 11, 16
    image.put(12, 0, 0x5001).put(12, 1, 0x800000000000100d);          // process 0: PSCID 5, Sv39 on page 13
    image.put(12, 14, 0x1);                                           // process 7: bare
    image.put(13, 0, 0x403801).put(14, 0, 0x403c01).put(15, 3, 0x180000d7);
    return image;
}

}  // namespace pgregion::test
