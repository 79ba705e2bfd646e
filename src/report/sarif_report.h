// SPDX-License-Identifier: GPL-2.0-or-later
//
// SARIF 2.1.0, for programs that collect the findings of many tools. A finding is a place in a binary file, so its
// region is given in bytes (section 3.30.11 of the standard).
#pragma once

#include "report/check_document.h"

#include <string>
#include <string_view>

namespace pgregion::report
{

/// A path, of any bytes, as a URI reference (RFC 3986): "file:///var/a%20b.img", "region.img".
[[nodiscard]] std::string path_uri(std::string_view path);

}  // namespace pgregion::report
