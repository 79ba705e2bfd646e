// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/finding_report.h"

#include <algorithm>
#include <array>

namespace pgregion::report
{

namespace
{

constexpr std::string_view kUnknown = "(unknown)";

std::string number(const std::optional<std::uint64_t> &value)
{
    return value ? std::to_string(*value) : std::string(kUnknown);
}

std::string hex_or_unknown(const std::optional<std::uint64_t> &value)
{
    return value ? hex(*value) : std::string(kUnknown);
}

std::string place(const std::optional<PhysAddr> &address, const PageMap &pages)
{
    return address ? pages.describe(*address) : std::string(kUnknown);
}

std::string device_text(const Finding &finding, const PageMap &)
{
    return finding.device ? "device " + device_name(*finding.device) : std::string("a device");
}

std::string devices_text(const Finding &finding, const PageMap &pages)
{
    if (!finding.device || !finding.last_device || *finding.last_device == *finding.device)
        return device_text(finding, pages);
    return fmt::format("devices {} to {}", device_name(*finding.device), device_name(*finding.last_device));
}

/// "device 0000:00:02.0 and 2 more (domain 3, tables at 0x29aa000, IOVA 0xffffb000)"
std::string domain_text(const FindingDomain &domain, const PageMap &pages)
{
    std::string text = domain.device ? "device " + device_name(*domain.device) : std::string("a device");
    if (domain.pasid)
        append(text, " with PASID {}", *domain.pasid);
    if (domain.users > 1)
        append(text, " and {} more", domain.users - 1);
    text += " (";
    if (domain.unit.value_or(0) != 0)
        append(text, "unit {}, ", *domain.unit);
    if (domain.domain_id)
        append(text, "domain {}, ", *domain.domain_id);
    append(text, "tables at {}, IOVA {})", pages.describe(domain.root), hex(domain.iova.value()));
    return text;
}

std::string domains_text(const Finding &finding, const PageMap &pages)
{
    if (!finding.lists || finding.lists->domains.empty())
        return std::string(kUnknown);
    std::string text;
    for (const FindingDomain &domain : finding.lists->domains)
        text += (text.empty() ? "" : " and ") + domain_text(domain, pages);
    return text;
}

std::string ranges_text(const Finding &finding, const PageMap &)
{
    constexpr std::size_t kShown = 4;
    if (!finding.lists || finding.lists->ranges.empty())
        return std::string(kUnknown);
    const FindingLists &lists = *finding.lists;
    const std::size_t shown = std::min(lists.ranges.size(), kShown);
    std::string text;
    for (const AddressRange &range : std::span(lists.ranges).first(shown))
        append(text, "{}{} to {}", text.empty() ? "" : ", ", hex(range.first), hex(range.last));
    const std::uint64_t more = lists.ranges.size() - shown + lists.ranges_left_out;
    if (more != 0)
        append(text, " and {} more", counted(more, "range"));
    return text;
}

std::string page_text(const Finding &finding, const PageMap &)
{
    return finding.page ? fmt::format("page {}", finding.page->value()) : std::string(kUnknown);
}

std::string index_text(const Finding &finding, const PageMap &)
{
    return finding.index ? std::to_string(*finding.index) : std::string(kUnknown);
}

std::string level_text(const Finding &finding, const PageMap &)
{
    return finding.level ? std::to_string(*finding.level) : std::string(kUnknown);
}

std::string entry_text(const Finding &finding, const PageMap &pages)
{
    const std::string table = finding.level ? fmt::format("level-{} table", *finding.level) : std::string("table");
    const std::string which = fmt::format("the {} at {}", table, place(finding.table, pages));
    return finding.index ? fmt::format("entry {} of {}", *finding.index, which) : which;
}

std::string record_text(const Finding &finding, const PageMap &pages)
{
    const bool named = !finding.record_name.empty();
    const std::string which =
        fmt::format("the {} at {}", named ? finding.table_name : "table", place(finding.table, pages));
    return finding.index ? fmt::format("{} {} of {}", named ? finding.record_name : "record", *finding.index, which)
                         : which;
}

struct MessageName {
    std::string_view name;
    std::string (*text)(const Finding &, const PageMap &);
};

constexpr std::array kNames{
    MessageName{"device", device_text},
    MessageName{"devices", devices_text},
    MessageName{"unit", [](const Finding &f,
                           const PageMap &) { return f.unit ? std::to_string(*f.unit) : std::string(kUnknown); }},
    MessageName{"iova", [](const Finding &f,
                           const PageMap &) { return f.iova ? hex(f.iova->value()) : std::string(kUnknown); }},
    MessageName{"page", page_text},
    MessageName{"table", [](const Finding &f, const PageMap &pages) { return place(f.table, pages); }},
    MessageName{"index", index_text},
    MessageName{"level", level_text},
    MessageName{"target", [](const Finding &f, const PageMap &pages) { return place(f.target, pages); }},
    MessageName{"size",
                [](const Finding &f, const PageMap &) {
                    return f.size_bytes ? human_size(*f.size_bytes) : std::string(kUnknown);
                }},
    MessageName{"observed", [](const Finding &f, const PageMap &) { return hex_or_unknown(f.observed); }},
    MessageName{"expected", [](const Finding &f, const PageMap &) { return hex_or_unknown(f.expected); }},
    MessageName{"count", [](const Finding &f, const PageMap &) { return number(f.observed); }},
    MessageName{"expected_count", [](const Finding &f, const PageMap &) { return number(f.expected); }},
    MessageName{"offset",
                [](const Finding &f, const PageMap &) { return f.offset ? hex(*f.offset) : std::string(kUnknown); }},
    MessageName{"detail", [](const Finding &f, const PageMap &) { return std::string(f.detail); }},
    MessageName{"entry", entry_text},
    MessageName{"record", record_text},
    MessageName{"domains", domains_text},
    MessageName{"ranges", ranges_text},
};

constexpr auto kNameWords = [] {
    std::array<std::string_view, kNames.size()> words{};
    for (std::size_t i = 0; i < kNames.size(); ++i)
        words[i] = kNames[i].name;
    return words;
}();

bool says(std::string_view message, std::string_view name)
{
    return message.find(fmt::format("{{{}}}", name)) != std::string_view::npos;
}

/// " (IOVA 0x1000, device 0000:00:02.0)": what is known and not in the message.
std::string remainder(const Finding &finding, const PageMap &pages)
{
    const std::string_view message = finding.check->message;
    if (says(message, "domains"))
        return "";
    std::string text;
    const auto add = [&text](const std::string &piece) { text += (text.empty() ? "" : ", ") + piece; };
    if (finding.iova && !says(message, "iova"))
        add("IOVA " + hex(finding.iova->value()));
    if (finding.device && !says(message, "device") && !says(message, "devices"))
        add(devices_text(finding, pages));
    if (finding.pasid)
        add(fmt::format("PASID {}", *finding.pasid));
    if (finding.unit.value_or(0) != 0 && !says(message, "unit"))
        add(fmt::format("unit {}", *finding.unit));
    return text.empty() ? text : " (" + text + ")";
}

std::string filled(const Finding &finding, const PageMap &pages)
{
    std::string_view rest = finding.check->message;
    std::string text;
    for (std::size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
        const std::size_t close = rest.find('}', open);
        if (close == std::string_view::npos)
            break;
        const std::string_view name = rest.substr(open + 1, close - open - 1);
        const auto known = std::ranges::find(kNames, name, &MessageName::name);
        text += rest.substr(0, open);
        text += known != kNames.end() ? known->text(finding, pages) : std::string(rest.substr(open, close - open + 1));
        rest.remove_prefix(close + 1);
    }
    return text.append(rest);
}

Json hex_json(const std::optional<std::uint64_t> &value) { return value ? Json(hex(*value)) : Json(nullptr); }

template <class Value>
Json number_json(const std::optional<Value> &value)
{
    return value ? Json(*value) : Json(nullptr);
}

Json device_json(const std::optional<std::uint32_t> &id) { return id ? Json(device_name(*id)) : Json(nullptr); }

Json domains_json(const Finding &finding, const PageMap &pages)
{
    if (!finding.lists || finding.lists->domains.empty())
        return nullptr;
    Json domains = Json::array();
    for (const FindingDomain &domain : finding.lists->domains)
        domains.push_back({{"device", device_json(domain.device)},
                           {"pasid", number_json(domain.pasid)},
                           {"unit", number_json(domain.unit)},
                           {"domain_id", number_json(domain.domain_id)},
                           {"users", domain.users},
                           {"table", pages.address(domain.root)},
                           {"iova", hex(domain.iova.value())}});
    return domains;
}

Json ranges_json(const Finding &finding)
{
    if (!finding.lists || finding.lists->ranges.empty())
        return nullptr;
    Json ranges = Json::array();
    for (const AddressRange &range : finding.lists->ranges)
        ranges.push_back({{"first", hex(range.first)}, {"last", hex(range.last)}});
    return ranges;
}

}  // namespace

std::optional<std::uint64_t> FindingPlaces::in_source(const Finding &finding) const
{
    const std::uint64_t length = std::max<std::uint64_t>(finding_bytes(finding), 1);
    const std::uint64_t room = source_bytes - std::min(offset, source_bytes);
    if (!finding.offset || *finding.offset >= room || length > room - *finding.offset)
        return std::nullopt;
    return offset + *finding.offset;
}

std::span<const std::string_view> message_names() { return kNameWords; }

std::string finding_message(const Finding &finding, const PageMap &pages)
{
    return printable(filled(finding, pages) + remainder(finding, pages));
}

Json finding_json(const Finding &finding, const FindingPlaces &places)
{
    Json json;
    json.set("code", finding.check->code);
    json.set("severity", name(finding.severity));
    json.set("page", finding.page ? Json(finding.page->value()) : Json(nullptr));
    json.set("index", number_json(finding.index));
    json.set("level", number_json(finding.level));
    json.set("offset", hex_json(places.in_source(finding)));
    json.set("iova", finding.iova ? Json(hex(finding.iova->value())) : Json(nullptr));
    json.set("device", device_json(finding.device));
    json.set("observed", hex_json(finding.observed));
    json.set("expected", hex_json(finding.expected));
    json.set("message", finding_message(finding, places.pages));
    json.set("security", finding.security);
    json.set("repair", name(finding.repair));
    json.set("pasid", number_json(finding.pasid));
    json.set("unit", number_json(finding.unit));
    json.set("table", finding.table ? places.pages.address(*finding.table) : Json(nullptr));
    json.set("target", finding.target ? places.pages.address(*finding.target) : Json(nullptr));
    json.set("size", hex_json(finding.size_bytes));
    json.set("last_device", device_json(finding.last_device));
    json.set("domains", domains_json(finding, places.pages));
    json.set("ranges", ranges_json(finding));
    json.set("ranges_left_out", finding.lists ? finding.lists->ranges_left_out : 0);
    return json;
}

std::uint64_t finding_bytes(const Finding &finding)
{
    constexpr std::uint64_t kEntryBytes = 8;
    if (finding.record_bytes != 0)
        return finding.record_bytes;
    if (finding.index)
        return kEntryBytes;
    return finding.page ? kPageBytes : 0;
}

std::string severity_label(Severity severity, const Palette &palette)
{
    const std::string_view label = name(severity);
    switch (severity) {
    case Severity::error:
        return palette.bad(label);
    case Severity::warning:
        return palette.caution(label);
    case Severity::info:
        break;
    }
    return palette.strong(label);
}

}  // namespace pgregion::report
