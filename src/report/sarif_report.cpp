// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/sarif_report.h"

#include <pgregion/region.h>

#include <algorithm>
#include <map>

namespace pgregion::report
{

namespace
{

constexpr std::string_view kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// SARIF's word for a severity.
std::string_view level_of(Severity severity) { return severity == Severity::info ? "note" : name(severity); }

Json message_json(std::string_view text) { return {{"text", printable(text)}}; }

Json rule_json(const Check &check)
{
    const std::string help =
        fmt::format("{}\n\nRepair: {}\n\nSee pgregion-checks(7), {}.", check.why, check.repair, check.origin);
    Json tags = Json::array();
    if (check.security)
        tags.push_back("security");
    return {{"id", check.code},
            {"shortDescription", {{"text", check.title}}},
            {"fullDescription", {{"text", check.why}}},
            {"help", {{"text", help}}},
            {"defaultConfiguration", {{"level", level_of(check.severity)}}},
            {"properties", {{"security", check.security}, {"origin", check.origin}, {"tags", tags}}}};
}

/// The same for the same finding on every run, whatever else is found.
std::string fingerprint(const Finding &finding)
{
    constexpr std::uint64_t kPrime = 0x100000001b3;  // FNV-1a
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto take = [&hash](std::uint64_t value) {
        for (unsigned shift = 0; shift < 64; shift += 8)
            hash = (hash ^ (value >> shift & 0xff)) * kPrime;
    };
    for (const char letter : finding.check->code)
        take(static_cast<unsigned char>(letter));
    take(finding.table ? finding.table->value() : 0);
    take(finding.page ? finding.page->value() : kRegionPages);
    take(finding.index.value_or(~std::uint32_t{0}));
    take(finding.level.value_or(0xff));
    take(finding.offset.value_or(0));
    take(finding.iova ? finding.iova->value() : 0);
    take(finding.unit.value_or(0));
    take(finding.device.value_or(~std::uint32_t{0}));
    take(finding.pasid.value_or(~std::uint32_t{0}));
    return fmt::format("{:016x}", hash);
}

Json location_json(const Finding &finding, const CheckedSource &source, const std::string &uri)
{
    Json physical{{"artifactLocation", {{"uri", uri}}}};
    if (const auto offset = source.places.in_source(finding)) {
        Json region{{"byteOffset", *offset}};
        if (const std::uint64_t bytes = finding_bytes(finding); bytes != 0)
            region.set("byteLength", bytes);
        physical.set("region", std::move(region));
    }
    return {{"physicalLocation", physical}};
}

Json notification_json(std::string_view level, const std::string &text, const std::string &uri)
{
    const Json location{{"physicalLocation", {{"artifactLocation", {{"uri", uri}}}}}};
    return {{"level", level}, {"message", message_json(text)}, {"locations", Json::array_of(location)}};
}

class Sarif final : public CheckDocument
{
public:
    explicit Sarif(CheckTerms terms) : terms_(std::move(terms))
    {
        for (std::size_t i = 0; i < terms_.checks.size(); ++i)
            rule_index_[terms_.checks[i]] = i;
    }

    void add(const CheckedSource &source) override
    {
        const std::string uri = path_uri(source.info.path);
        std::map<const Check *, std::uint64_t> seen;
        for (const Finding &finding : source.report.findings) {
            if (++seen[finding.check] <= kDocumentFindings)
                append_result(finding, source, uri);
        }
        for (const Check *check : terms_.checks) {
            if (seen[check] > kDocumentFindings)
                notifications_.push_back(notification_json(
                    "warning",
                    fmt::format("{}: {} more results are left out", check->code, seen[check] - kDocumentFindings),
                    uri));
        }
        for (const std::string &note : source.notes)
            notifications_.push_back(notification_json("note", note, uri));
        if (source.report.truncated)
            notifications_.push_back(
                notification_json("warning", "cut short: there is more than the work allowed for one source", uri));
    }

    void add_failure(const std::string &source, const Error &error) override
    {
        failed_ = true;
        const std::string text = fmt::format("{} ({})", error.what(), error.hint());
        if (source.empty())
            configuration_.push_back({{"level", "error"}, {"message", message_json(text)}});
        else
            notifications_.push_back(notification_json("error", text, path_uri(source)));
    }

    std::string finish(int exit_status) override
    {
        Json rules = Json::array();
        for (const Check *check : terms_.checks)
            rules.push_back(rule_json(*check));
        const Json tool{{"driver",
                         {{"name", "pgregion"},
                          {"version", terms_.version},
                          {"semanticVersion", terms_.version},
                          {"rules", rules}}}};
        const Json invocation{{"executionSuccessful", !failed_},
                              {"exitCode", exit_status},
                              {"toolConfigurationNotifications", configuration_},
                              {"toolExecutionNotifications", notifications_}};
        // The results are text already: there may be very many.
        return fmt::format("{{\"$schema\":\"{}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{},\"invocations\":[{}],"
                           "\"results\":[{}]}}]}}\n",
                           kSchema, tool.text(), invocation.text(), results_);
    }

private:
    void append_result(const Finding &finding, const CheckedSource &source, const std::string &uri)
    {
        Json details = finding_json(finding, source.places);
        for (const char *said : {"code", "severity", "message", "offset"})
            details.erase(said);
        const Json result{{"ruleId", finding.check->code},
                          {"ruleIndex", rule_index_.at(finding.check)},
                          {"level", level_of(finding.severity)},
                          {"message", message_json(finding_message(finding, source.places.pages))},
                          {"locations", Json::array_of(location_json(finding, source, uri))},
                          {"partialFingerprints", {{"place/v1", fingerprint(finding)}}},
                          {"properties", details}};
        results_ += results_.empty() ? "" : ",";
        results_ += result.text();
    }

    CheckTerms terms_;
    std::map<const Check *, std::size_t> rule_index_;
    std::string results_;
    Json notifications_ = Json::array();
    Json configuration_ = Json::array();  ///< what is wrong with the command line
    bool failed_ = false;
};

bool is_unreserved(char character)
{
    const bool letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
    return letter || (character >= '0' && character <= '9') ||
           std::string_view("-._~/").find(character) != std::string_view::npos;
}

}  // namespace

std::string path_uri(std::string_view path)
{
    std::string uri = path.starts_with('/') ? "file://" : "";
    for (const char character : path) {
        if (is_unreserved(character))
            uri += character;
        else
            append(uri, "%{:02X}", static_cast<unsigned char>(character));
    }
    return uri;
}

std::unique_ptr<CheckDocument> make_sarif(CheckTerms terms) { return std::make_unique<Sarif>(std::move(terms)); }

}  // namespace pgregion::report
