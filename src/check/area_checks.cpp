// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/area_checks.h"

#include <algorithm>
#include <tuple>

namespace pgregion
{

namespace check
{

namespace
{

/// A hostile area has no more to say than this.
constexpr std::size_t kMostFindings = 16384;

using Rows = std::vector<const AreaRow *>;

Rows make_rows()
{
    Rows rows;
    for (const auto &part : {area_inode_rows(), area_list_rows(), area_block_rows()})
        rows.insert(rows.end(), part.begin(), part.end());
    std::ranges::sort(rows, {}, [](const AreaRow *row) { return row->about.code; });
    return rows;
}

const Rows &all_rows()
{
    static const Rows rows = make_rows();
    return rows;
}

auto order_of(const Finding &finding)
{
    return std::tuple(finding.offset.value_or(0), finding.check->code, finding.observed.value_or(0));
}

}  // namespace

Finding AreaSink::place(std::uint64_t offset) const
{
    Finding finding;
    finding.check = check_;
    finding.severity = check_->severity;
    finding.security = check_->security;
    finding.offset = offset;
    return finding;
}

Finding AreaSink::inode(std::uint32_t number, std::uint64_t at) const
{
    Finding finding = place(kAreaInodeStoreOffset + (number - 1) * kAreaInodeBytes + at);
    finding.index = number;
    finding.table = area_.base + kAreaInodeStoreOffset;
    finding.record_name = "inode";
    finding.table_name = "inode store";
    return finding;
}

Finding AreaSink::block(std::uint64_t block, std::uint64_t count) const
{
    Finding finding = place(kAreaBitmapOffset + block / 8);
    finding.target = area_.block_address(block);
    finding.size_bytes = count * kAreaBlockBytes;
    finding.observed = block;
    return finding;
}

void AreaSink::add(const Finding &finding)
{
    if (findings_.size() == kMostFindings)
        truncated_ = true;
    else
        findings_.push_back(finding);
}

}  // namespace check

std::span<const Check *const> area_checks()
{
    static const std::vector<const Check *> checks = [] {
        std::vector<const Check *> found;
        for (const check::AreaRow *row : check::all_rows())
            found.push_back(&row->about);
        return found;
    }();
    return checks;
}

bool is_area_check(const Check &check)
{
    const auto checks = area_checks();
    return std::ranges::find(checks, &check) != checks.end();
}

CheckReport check_area(const Area &area, const CheckOptions &options)
{
    check::AreaSink sink(area);
    for (const check::AreaRow *row : check::all_rows()) {
        const std::string_view code = row->about.code;
        if (options.skip.contains(code) || (!options.only.empty() && !options.only.contains(code)))
            continue;
        sink.begin(row->about);
        row->find(area, sink);
    }
    CheckReport report;
    report.findings = std::move(sink.findings());
    std::ranges::stable_sort(
        report.findings, [](const Finding &a, const Finding &b) { return check::order_of(a) < check::order_of(b); });
    for (const Finding &finding : report.findings)
        ++report.count[static_cast<std::size_t>(finding.severity)];
    report.truncated = area.truncated || sink.truncated();
    return report;
}

}  // namespace pgregion
