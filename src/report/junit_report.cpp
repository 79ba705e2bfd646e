// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/junit_report.h"

#include <algorithm>
#include <array>
#include <map>

namespace pgregion::report
{

namespace
{

/// Checks that need the region alone, no tables.
constexpr std::array<std::string_view, 5> kBitmapChecks{"bitmap-bit-clear", "bitmap-tail-set", "format-undecided",
                                                        "free-page-not-zero", "root-bit-liveupdate"};

/// The findings of one check in one source.
struct CaseFindings {
    std::vector<const Finding *> failing;
    std::vector<const Finding *> others;
};

class Junit final : public CheckDocument
{
public:
    explicit Junit(CheckTerms terms) : terms_(std::move(terms)) {}

    void add(const CheckedSource &source) override
    {
        std::map<const Check *, CaseFindings> found;
        for (const Finding &finding : source.report.findings) {
            CaseFindings &one = found[finding.check];
            const bool fails = terms_.fail_on && finding.severity >= *terms_.fail_on;
            (fails ? one.failing : one.others).push_back(&finding);
        }
        Suite suite;
        for (const Check *check : terms_.checks)
            append_case(suite, source, *check, found[check]);
        std::string notes;
        for (const std::string &note : source.notes)
            notes += note + "\n";
        if (source.report.truncated)
            notes += "cut short: there is more than the work allowed for one source\n";
        if (!notes.empty())
            append(suite.cases, "    <system-err>{}</system-err>\n", xml_text(notes));
        close(suite, source.info.path);
    }

    void add_failure(const std::string &source, const Error &error) override
    {
        const std::string about = source.empty() ? "command line" : source;
        Suite suite{.tests = 1, .errors = 1};
        append(suite.cases,
               "    <testcase classname=\"{}\" name=\"{}\">\n      <error type=\"{}\" message=\"{}\">{}</error>\n"
               "    </testcase>\n",
               xml_text(about), source.empty() ? "usage" : "open", xml_text(error.code()), xml_text(error.what()),
               xml_text(error.hint()));
        close(suite, about);
    }

    std::string finish(int) override
    {
        return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pgregion check\" {}>\n{}"
                           "</testsuites>\n",
                           counts(all_), suites_);
    }

private:
    struct Suite {
        std::size_t tests = 0;
        std::size_t failures = 0;
        std::size_t errors = 0;
        std::size_t skipped = 0;
        std::string cases = {};
    };

    static std::string counts(const Suite &suite)
    {
        return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"", suite.tests, suite.failures,
                           suite.errors, suite.skipped);
    }

    void close(const Suite &suite, const std::string &name)
    {
        append(suites_, "  <testsuite name=\"{}\" {}>\n{}  </testsuite>\n", xml_text(name), counts(suite), suite.cases);
        all_.tests += suite.tests;
        all_.failures += suite.failures;
        all_.errors += suite.errors;
        all_.skipped += suite.skipped;
    }

    /// Why a check without findings says nothing about the source; empty when it does.
    [[nodiscard]] std::string_view skip_reason(const CheckedSource &source, const Check &check) const
    {
        if (check.code == "root-bit-liveupdate" && !terms_.liveupdate_known)
            return "--liveupdate is not given";
        if (check.code == "leaf-outside-ram" && !terms_.ram_known)
            return "--ram is not given";
        if (source.roots.empty() && std::ranges::find(kBitmapChecks, check.code) == kBitmapChecks.end())
            return "the format of the tables is not known";
        return {};
    }

    void append_case(Suite &suite, const CheckedSource &source, const Check &check, const CaseFindings &found) const
    {
        ++suite.tests;
        std::string inside;
        const bool nothing = found.failing.empty() && found.others.empty();
        if (const std::string_view reason = skip_reason(source, check); nothing && !reason.empty()) {
            ++suite.skipped;
            append(inside, "      <skipped message=\"{}\"/>\n", xml_text(reason));
        }
        if (!found.failing.empty()) {
            ++suite.failures;
            append(inside, "      <failure type=\"{}\" message=\"{}: {}\">{}\n{}</failure>\n",
                   name(found.failing.front()->severity), counted(found.failing.size(), "finding"),
                   xml_text(check.title), xml_text(lines(found.failing, source.places)), xml_text(check.why));
        }
        if (!found.others.empty())
            append(inside, "      <system-out>{}</system-out>\n", xml_text(lines(found.others, source.places)));
        append(suite.cases, "    <testcase classname=\"{}\" name=\"{}\"{}", xml_text(source.info.path), check.code,
               inside.empty() ? "/>\n" : ">\n" + inside + "    </testcase>\n");
    }

    static std::string lines(const std::vector<const Finding *> &findings, const FindingPlaces &places)
    {
        std::string text;
        for (std::size_t i = 0; i < std::min(findings.size(), kDocumentFindings); ++i)
            append(text, "{}: {}\n", name(findings[i]->severity), finding_message(*findings[i], places.pages));
        if (findings.size() > kDocumentFindings)
            append(text, "and {} more\n", findings.size() - kDocumentFindings);
        return text;
    }

    CheckTerms terms_;
    Suite all_;
    std::string suites_;
};

void append_character(std::string &out, char character)
{
    switch (character) {
    case '&':
        out += "&amp;";
        return;
    case '<':
        out += "&lt;";
        return;
    case '>':
        out += "&gt;";
        return;
    case '"':
        out += "&quot;";
        return;
    default:
        out += character;
    }
}

/// U+FFFE and U+FFFF are well-formed UTF-8, but no characters of XML.
bool is_noncharacter(std::string_view text)
{
    return text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf");
}

}  // namespace

std::string xml_text(std::string_view text)
{
    std::string out;
    for (std::size_t line = 0; line <= text.size();) {
        const std::size_t end = std::min(text.find('\n', line), text.size());
        const std::string clean = printable(text.substr(line, end - line));
        for (std::size_t at = 0; at < clean.size(); ++at) {
            const std::string_view rest = std::string_view(clean).substr(at);
            if (!is_noncharacter(rest)) {
                append_character(out, clean[at]);
                continue;
            }
            append(out, "\\xef\\xbf\\x{:02x}", static_cast<unsigned char>(clean[at + 2]));
            at += 2;
        }
        out += end < text.size() ? "\n" : "";
        line = end + 1;
    }
    return out;
}

std::unique_ptr<CheckDocument> make_junit(CheckTerms terms) { return std::make_unique<Junit>(std::move(terms)); }

}  // namespace pgregion::report
