// SPDX-License-Identifier: GPL-2.0-or-later
//
// From errno to an Error that an operator can act on: a stable code, the reason, the next command.
#pragma once

#include "base/fault_point.h"

#include <pgregion/address.h>
#include <pgregion/error.h>

#include <string>
#include <string_view>

namespace pgregion::io
{

/// What the system says about an errno value: "No space left on device".
[[nodiscard]] std::string reason(int error_number);

/// "0x1a": lower case, no leading zeros.
[[nodiscard]] std::string hex(PhysAddr address);

/// `path` as one word for a shell, quoted where it needs to be, so that hints can be pasted.
[[nodiscard]] std::string shell_word(const std::string &path);

/// `command` with every word FILE replaced by `path`, and FOLDER by the folder that it is in, as shell words.
[[nodiscard]] std::string fill_in(std::string_view command, const std::string &path);

/// An operational Error about `path`; `hint` may hold FILE and FOLDER (see fill_in).
[[nodiscard]] Error failure(const std::string &path, std::string code, const std::string &message,
                            std::string_view hint);

/// What to do where a file could not be written, with FOLDER in it (see fill_in): make room, or see what is the matter.
[[nodiscard]] std::string_view write_hint(int error_number);

/// Why `path` could not be opened, by errno: "no-such-file", "permission-denied", … else "cannot-open".
[[nodiscard]] Error open_failure(const std::string &path, int error_number);

/// True, with errno set, when a test lets the call at `place` fail; may also not return (base/fault_point.h).
[[nodiscard]] bool injected(const FaultPlace &place);

/// Throws std::system_error with the present errno; for helpers whose callers know the code to report.
[[noreturn]] void throw_errno(const char *step);

}  // namespace pgregion::io
