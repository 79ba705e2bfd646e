// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer: any bytes as an undo journal are read or refused with an Error, and every change that is found can be
// compared with a source.
#include "edit/journal.h"

#include "edit/journal_settle.h"

#include <pgregion/error.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const pgregion::Bytes file(reinterpret_cast<const std::byte *>(data), size);
    static const std::vector<std::byte> source(2097152);
    try {
        const pgregion::Journal journal = pgregion::parse_journal(file);
        for (const pgregion::ChangeEntry &change : journal.changes) {
            const pgregion::Edits edits = pgregion::read_edits(file, journal, change);
            static_cast<void>(pgregion::compare_edits(source, edits, change.bitmap_at));
        }
    } catch (const pgregion::Error &) {
        return 0;
    }
    return 0;
}
