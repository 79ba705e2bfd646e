// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mapping a journal; see journal_map.h.
#include "io/journal_map.h"

#include "io/failures.h"

#include <cerrno>

#include <sys/mman.h>
#include <sys/stat.h>

namespace pgregion::io
{

JournalMap::JournalMap(int descriptor)
{
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0)
        throw_errno("fstat");
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0)
        return;
    address_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0);
    if (address_ == MAP_FAILED)
        throw_errno("mmap");
    guard_.emplace(address_, size_, Protection::read_only);
}

JournalMap::~JournalMap()
{
    guard_.reset();
    if (size_ != 0)
        ::munmap(address_, size_);
}

void JournalMap::ensure_intact() const
{
    if (!guard_ || !guard_->damaged())
        return;
    errno = EIO;
    throw_errno("read");
}

}  // namespace pgregion::io
