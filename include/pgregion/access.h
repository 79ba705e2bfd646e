// SPDX-License-Identifier: GPL-2.0-or-later
//
// Access: what page tables let a device do.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgregion
{

/// What a device may do: a set of read, write, execute; and bars, which stop a request that the set allows.
/// Combined over levels with `&`: what all levels allow, and every bar of any level.
class Access
{
public:
    constexpr Access() = default;
    static constexpr Access none() { return Access(0); }
    static constexpr Access read() { return Access(1); }
    static constexpr Access write() { return Access(2); }
    static constexpr Access execute() { return Access(4); }
    static constexpr Access all() { return Access(7); }
    /// From three bits: 0 read, 1 write, 2 execute; higher bits are dropped.
    static constexpr Access from_bits(std::uint64_t rwx) { return Access(static_cast<std::uint8_t>(rwx & kSet)); }

    /// The same set with a bar: requests of user privilege, as devices make them, fault.
    [[nodiscard]] constexpr Access supervisor_only() const { return Access(bits_ | kSupervisorOnly); }
    /// The same set with a bar: the accessed flag is clear and hardware does not set it.
    [[nodiscard]] constexpr Access inactive() const { return Access(bits_ | kInactive); }
    /// The same set with a bar for writes: the dirty flag is clear and hardware does not set it.
    [[nodiscard]] constexpr Access clean() const { return Access(bits_ | kClean); }
    [[nodiscard]] constexpr bool is_supervisor_only() const { return (bits_ & kSupervisorOnly) != 0; }
    [[nodiscard]] constexpr bool is_inactive() const { return (bits_ & kInactive) != 0; }
    [[nodiscard]] constexpr bool is_clean() const { return (bits_ & kClean) != 0; }

    /// True when everything in `wanted` is in the set; `none()` always is. Bars do not count.
    [[nodiscard]] constexpr bool allows(Access wanted) const
    {
        return (bits_ & wanted.bits_ & kSet) == (wanted.bits_ & kSet);
    }
    /// True when the set is empty.
    [[nodiscard]] constexpr bool empty() const { return (bits_ & kSet) == 0; }
    friend constexpr Access operator&(Access a, Access b)
    {
        return Access((a.bits_ & b.bits_ & kSet) | ((a.bits_ | b.bits_) & ~kSet));
    }
    friend constexpr Access operator|(Access a, Access b) { return Access(a.bits_ | b.bits_); }
    friend constexpr bool operator==(Access, Access) = default;

private:
    static constexpr int kSet = 7;
    static constexpr int kSupervisorOnly = 8;
    static constexpr int kInactive = 16;
    static constexpr int kClean = 32;

    constexpr explicit Access(int bits) : bits_(static_cast<std::uint8_t>(bits)) {}
    std::uint8_t bits_ = 0;
};

/// The letters of `r`, `w`, `x` that are present, in that order ("rw", "r", ""); static storage.
[[nodiscard]] std::string_view letters(Access access);

}  // namespace pgregion
