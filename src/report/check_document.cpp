// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/check_document.h"

namespace pgregion::report
{

std::unique_ptr<CheckDocument> make_document(std::string_view name, CheckTerms terms)
{
    if (name == "junit")
        return make_junit(std::move(terms));
    return name == "sarif" ? make_sarif(std::move(terms)) : nullptr;
}

}  // namespace pgregion::report
