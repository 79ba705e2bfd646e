// SPDX-License-Identifier: GPL-2.0-or-later
//
// Rows of `mappings`.
#pragma once

#include "report/result_writer.h"

#include <pgregion/mapping.h>

#include <array>
#include <string>
#include <vector>

namespace pgregion::report
{

/// Whose mappings the rows are; all absent when the source is page tables without a directory.
struct MappingOwner {
    std::optional<std::uint32_t> device;
    std::optional<std::uint32_t> pasid;
    std::optional<std::uint32_t> unit;
};

/// Writes mappings in the order they come, as text or JSON, until the limit. Text rows have fixed columns and
/// are made by hand: a full region has 260,000 of them, and formatting is most of the work.
class MappingReport
{
public:
    /// `limit` rows at most, 0 for no limit.
    MappingReport(ResultWriter &writer, std::uint64_t limit);
    ~MappingReport();
    MappingReport(const MappingReport &) = delete;
    MappingReport &operator=(const MappingReport &) = delete;

    /// A line of text above the rows that follow, and what JSON rows carry.
    void owner(const MappingOwner &owner, std::string_view heading);

    /// One row.
    Visit operator()(const Mapping &mapping);
    /// One row per leaf.
    Visit operator()(const LeafRun &run);

    /// Sends what is buffered.
    void flush();
    [[nodiscard]] std::uint64_t rows() const { return rows_; }
    /// True when the limit cut the listing off.
    [[nodiscard]] bool cut() const { return cut_; }

private:
    [[nodiscard]] Visit state() const;
    [[nodiscard]] std::uint64_t room() const;
    void text_rows(const LeafRun &run, std::uint64_t count);
    void make_row(std::uint64_t size, Access access);
    void set_high_halves(std::uint32_t iova, std::uint32_t pa);
    void json_row(const Mapping &mapping);

    ResultWriter &writer_;
    std::uint64_t limit_;
    std::uint64_t rows_ = 0;
    bool cut_ = false;
    MappingOwner owner_;
    std::vector<char> buffer_;  ///< rows of text on their way; `used_` bytes of it
    std::size_t used_ = 0;
    /// The row as it stands but for the low halves of its two addresses: most rows differ in those alone.
    std::array<char, 96> row_{};
    std::size_t row_length_ = 0;
    std::uint64_t tail_size_ = 0;
    Access tail_access_;
    std::uint32_t iova_high_ = 0;
    std::uint32_t pa_high_ = 0;
};

}  // namespace pgregion::report
