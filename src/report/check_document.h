// SPDX-License-Identifier: GPL-2.0-or-later
//
// Findings of all sources as one document of a format that other programs read. Sources are added as they are
// checked; the document is complete when the last is in.
#pragma once

#include "report/check_report.h"

#include <pgregion/error.h>
#include <pgregion/finding.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::report
{

/// What holds for all sources.
struct CheckTerms {
    std::string version;                ///< of the program
    std::vector<const Check *> checks;  ///< those that are run, sorted by code
    std::optional<Severity> fail_on;    ///< findings of this severity and above are failures; nothing: none are
    bool liveupdate_known = false;      ///< the root-page bit can be judged
    bool ram_known = false;             ///< it was said where RAM is
};

/// At most so many findings of a code are written for one source; the rest is counted.
inline constexpr std::size_t kDocumentFindings = 1000;

class CheckDocument
{
public:
    CheckDocument() = default;
    CheckDocument(const CheckDocument &) = delete;
    CheckDocument &operator=(const CheckDocument &) = delete;
    virtual ~CheckDocument() = default;

    virtual void add(const CheckedSource &source) = 0;
    /// A source that could not be checked; an empty one stands for the command line.
    virtual void add_failure(const std::string &source, const Error &error) = 0;
    /// The whole document. `exit_status` is what the command is going to return.
    [[nodiscard]] virtual std::string finish(int exit_status) = 0;
};

/// "junit" or "sarif"; null for any other name.
[[nodiscard]] std::unique_ptr<CheckDocument> make_document(std::string_view name, CheckTerms terms);

/// JUnit's XML: one suite per source, in it one test case per check.
[[nodiscard]] std::unique_ptr<CheckDocument> make_junit(CheckTerms terms);

/// SARIF 2.1.0 (OASIS, 27 March 2020): one run, one rule per check, one result per finding.
[[nodiscard]] std::unique_ptr<CheckDocument> make_sarif(CheckTerms terms);

}  // namespace pgregion::report
