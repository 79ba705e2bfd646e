// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file descriptor that closes itself. Boost.Interprocess owns the descriptors of sources; this one is for
// what it has no class for: output files, directories to sync, the claim on a block device.
#pragma once

#include <utility>

#include <unistd.h>

namespace pgregion::io
{

class Descriptor
{
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor &&other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor &operator=(Descriptor &&other) noexcept
    {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor()
    {
        if (number_ >= 0)
            ::close(number_);
    }

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool valid() const { return number_ >= 0; }

private:
    int number_ = -1;
};

}  // namespace pgregion::io
