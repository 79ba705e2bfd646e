// SPDX-License-Identifier: GPL-2.0-or-later
//
// LiME memory dumps, version 1 (github.com/504ensicsLabs/LiME, src/lime.h, doc/README.md): each range of memory stands
// behind a header of 32 bytes, little-endian, one after the other to the end of the file.
//
//   0      4         8         16                   24         32
//   magic  version   s_addr    e_addr (inclusive)   reserved   memory from s_addr to e_addr …
//   "EMiL" 1
//
// What can be read in one way only is used: ranges in any order, ranges that repeat bytes of others, zeros that pad the
// file, a file that was cut (what is missing is a hole). What contradicts itself is "damaged-dump": bytes where
// a header should be, another version, a range that ends before it starts, ranges that overlap and differ. A range
// length that lies would move all that follows, so nothing behind such a place is believed.
#pragma once

#include "base/bytes.h"
#include "io/addressed_memory.h"

#include <memory>
#include <string>

namespace pgregion::io
{

/// `file` is the whole file, mapped; it must outlive the memory, which gives views of it. Throws "damaged-dump".
[[nodiscard]] std::unique_ptr<AddressedMemory> open_lime_dump(const std::string &path, Bytes file);

}  // namespace pgregion::io
