// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where the source tree of these tests lies. One object file alone knows it, so that a compiler's cache serves the others
// in any clone.
#pragma once

#include <string>

namespace pgregion::test
{

/// The top folder of the tree, without a slash at its end.
[[nodiscard]] const std::string &source_tree();

}  // namespace pgregion::test
