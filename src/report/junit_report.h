// SPDX-License-Identifier: GPL-2.0-or-later
//
// JUnit's XML, as build servers read it. There is no standard; this keeps to what all of them know:
//
//   testsuites > testsuite (a source) > testcase (a check) > failure | skipped | system-out
//
// A source that cannot be checked has one test case, "open", with an error.
#pragma once

#include "report/check_document.h"

#include <string>
#include <string_view>

namespace pgregion::report
{

/// `text` as characters of XML 1.0 (section 2.2), in an element or an attribute: what XML cannot hold, and what a
/// terminal would act upon, becomes \xNN. Line feeds stay.
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace pgregion::report
