// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bits.h"
#include "walk/table_reader.h"

#include <pgregion/walk.h>

namespace pgregion
{

namespace
{

FaultCause missing_permission(Access wanted)
{
    if (wanted.allows(Access::write()))
        return FaultCause::no_write;
    return wanted.allows(Access::execute()) ? FaultCause::no_execute : FaultCause::no_read;
}

/// Follows one address down the tables. The order of tests within one entry is the hardware's: permission
/// first, then reserved bits (iommu-formats.md 1.8); a fault does not keep the walk from showing the leaf, but
/// the first fault is the one reported.
class Translator
{
public:
    Translator(const MemorySource &memory, const WalkRequest &request, Access wanted)
        : reader_(memory), request_(request), format_(*request.format), wanted_(wanted)
    {
    }

    TranslationResult go(Iova iova)
    {
        result_.iova = iova;
        result_.never_translated = format_.never_translated(iova, wanted_, request_.params);
        if (!format_.iova_valid(iova, request_.params)) {
            fail(FaultCause::iova_beyond_width, std::nullopt);
            return std::move(result_);
        }
        PhysAddr table = request_.root;
        unsigned level = request_.params.levels - 1U;
        access_ = Access::all();
        while (const WalkStep *step = read_step(table, level)) {
            if (!judge(*step) || step->entry.kind != EntryKind::table)
                break;
            table = step->entry.target;
            level = step->entry.target_level;
        }
        return std::move(result_);
    }

private:
    /// Reads the entry for the address in one table; null (and a fault) when the table is not there.
    const WalkStep *read_step(PhysAddr table, unsigned level)
    {
        const TableShape shape = format_.shape(level, request_.params);
        const std::uint64_t index = (result_.iova.value() >> shape.shift) & low_bits(shape.index_bits);
        const Bytes bytes = reader_.read(table + index * kWordBytes, kWordBytes);
        if (bytes.size() < kWordBytes) {
            fail(result_.steps.empty() ? FaultCause::root_unreadable : FaultCause::table_unreadable, level);
            return nullptr;
        }
        const std::uint64_t stored = load_le64(bytes);
        const std::uint64_t raw = request_.params.big_endian ? byte_swap(stored) : stored;
        const Iova slot(result_.iova.value() & ~low_bits(shape.shift));
        result_.steps.push_back(
            {table, level, static_cast<std::uint32_t>(index), slot, format_.decode(raw, level, request_.params)});
        return &result_.steps.back();
    }

    /// Looks at one entry; false when the walk ends here.
    bool judge(const WalkStep &step)
    {
        const Entry &entry = step.entry;
        if (entry.kind == EntryKind::empty) {
            fail(FaultCause::not_present, step.level);
            return false;
        }
        if (entry.kind == EntryKind::invalid) {
            fail(entry.invalid, step.level);
            return false;
        }
        access_ = access_ & entry.access;
        if (!access_.allows(wanted_))
            fail(missing_permission(wanted_), step.level);
        if (entry.reserved_set != 0 || (skipped_bits(step) & result_.iova.value()) != 0) {
            fail(FaultCause::reserved_bits, step.level);
            return false;
        }
        if (entry.kind == EntryKind::leaf)
            land(step);
        return true;
    }

    /// The IOVA bits of the levels that a pointer skips.
    [[nodiscard]] std::uint64_t skipped_bits(const WalkStep &step) const
    {
        if (step.entry.kind != EntryKind::table)
            return 0;
        const TableShape next = format_.shape(step.entry.target_level, request_.params);
        const TableShape here = format_.shape(step.level, request_.params);
        return low_bits(here.shift) & ~low_bits(next.shift + next.index_bits);
    }

    void land(const WalkStep &step)
    {
        result_.mapped = true;
        result_.size_lg2 = step.entry.size_lg2;
        result_.access = access_;
        result_.pa = step.entry.target + (result_.iova.value() & low_bits(step.entry.size_lg2));
        if (format_.output_forbidden(result_.pa, request_.params))
            fail(FaultCause::output_forbidden, step.level);
    }

    void fail(FaultCause cause, std::optional<unsigned> level)
    {
        if (result_.fault)
            return;
        FaultReport report{format_.fault(cause, wanted_, request_.params), std::nullopt};
        if (level)
            report.level = static_cast<std::uint8_t>(*level);
        result_.fault = report;
    }

    walk::TableReader reader_;
    const WalkRequest &request_;
    const TableFormat &format_;
    Access wanted_;
    Access access_;
    TranslationResult result_;
};

}  // namespace

TranslationResult translate(const MemorySource &memory, const WalkRequest &request, Iova iova, Access wanted)
{
    return Translator(memory, request, wanted).go(iova);
}

}  // namespace pgregion
