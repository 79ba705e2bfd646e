// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/source_tree.h"

namespace pgregion::test
{

const std::string &source_tree()
{
    static const std::string tree = PGREGION_TEST_SOURCE_DIR;
    return tree;
}

}  // namespace pgregion::test
