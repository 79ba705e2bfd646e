// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether the tests and the library in them are built with the address sanitizer, which makes them many times slower:
// what takes seconds without it does less there. For the executable ask pgregion_is_sanitized() of run_program.h.
#pragma once

namespace pgregion::test
{

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace pgregion::test
