// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of ELF cores: a file of any bytes is memory or is refused with an Error, and is the same memory when it is read
// through a descriptor.
#include "dump_invariants.h"
#include "io/elf_dump.h"
#include "sparse_image.h"

#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

namespace
{

using namespace pgregion;

std::unique_ptr<io::AddressedMemory> open_through_descriptor(Bytes bytes)
{
    static const int file = ::memfd_create("dump", 0);
    fuzz::require(::ftruncate(file, 0) == 0 &&
                  ::pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    return io::open_elf_descriptor("dump", file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const Bytes bytes(reinterpret_cast<const std::byte *>(data), size);
    std::unique_ptr<io::AddressedMemory> memory;
    try {
        memory = io::open_elf_dump("dump", bytes);
    } catch (const Error &) {
    }
    std::unique_ptr<io::AddressedMemory> same;
    try {
        same = open_through_descriptor(bytes);
    } catch (const Error &) {
    }
    fuzz::require((memory == nullptr) == (same == nullptr));
    if (memory == nullptr)
        return 0;
    fuzz::require(std::ranges::equal(memory->ranges(), same->ranges()));
    fuzz::require(memory->shortfall().has_value() == same->shortfall().has_value());
    fuzz::require(fuzz::check_dump(*memory, size) == fuzz::check_dump(*same, size));
    return 0;
}
