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

Access judged_as(const TableFormat &format, Access wanted)
{
    return !format.has_execute && wanted.allows(Access::execute()) ? Access::read() : wanted;
}

/// Follows one address down the tables. Within one entry VT-d's second stage looks at permission first, then at
/// reserved bits (iommu-formats.md 1.8); the others look at permission where the walk ends. A fault does not keep
/// the walk from showing the leaf, but the first fault is the one reported.
class Translator
{
public:
    Translator(const MemorySource &memory, const WalkRequest &request, Access wanted)
        : memory_(memory), stage_memory_(memory, request.outer),
          reader_(request.outer.format != nullptr ? static_cast<const MemorySource &>(stage_memory_) : memory),
          request_(request), format_(*request.format), wanted_(judged_as(*request.format, wanted))
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
        access_ = request_.access;
        while (const WalkStep *step = read_step(table, level)) {
            if (!judge(*step) || step->entry.kind != EntryKind::table)
                break;
            table = step->entry.target;
            level = step->entry.target_level;
        }
        if (result_.mapped && request_.outer.format != nullptr)
            go_through_outer();
        return std::move(result_);
    }

private:
    /// Reads the entry for the address in one table; null (and a fault) when the table is not there.
    const WalkStep *read_step(PhysAddr table, unsigned level)
    {
        const TableShape shape = format_.shape(level, request_.params);
        const std::uint64_t index = (result_.iova.value() >> shape.shift) & low_bits(shape.index_bits);
        const PhysAddr place = table + index * kWordBytes;
        const Bytes bytes = reader_.read(place, kWordBytes);
        if (bytes.size() < kWordBytes) {
            if (request_.outer.format != nullptr)
                take_outer(translate(memory_, walk_request(request_.outer), Iova(place.value()), Access::read()));
            fail(result_.steps.empty() ? FaultCause::root_unreadable : FaultCause::table_unreadable, level);
            return nullptr;
        }
        const std::uint64_t stored = load_le64(bytes);
        const std::uint64_t raw = request_.params.big_endian ? byte_swap(stored) : stored;
        const Iova slot(result_.iova.value() & ~low_bits(shape.shift));
        result_.steps.push_back({&format_, request_.params, false, table, level, static_cast<std::uint32_t>(index),
                                 slot, format_.decode(raw, level, request_.params)});
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
        if (format_.permission_first)
            check_permission(step.level);
        if (entry.reserved_set != 0 || (skipped_bits(step) & result_.iova.value()) != 0) {
            const bool plain = entry.invalid == FaultCause::invalid_entry;
            fail(plain ? FaultCause::reserved_bits : entry.invalid, step.level);
            return false;
        }
        if (entry.kind == EntryKind::leaf)
            land(step);
        return true;
    }

    void check_permission(unsigned level)
    {
        if (access_.is_inactive())
            fail(FaultCause::access_flag, level);
        if (access_.is_supervisor_only())
            fail(FaultCause::supervisor_only, level);
        if (!access_.allows(wanted_))
            fail(missing_permission(wanted_), level);
        if (access_.is_clean() && wanted_.allows(Access::write()))
            fail(FaultCause::no_write, level);
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
        check_permission(step.level);
        result_.mapped = true;
        result_.size_lg2 = step.entry.size_lg2;
        result_.access = access_;
        result_.pa = step.entry.target + (result_.iova.value() & low_bits(step.entry.size_lg2));
        if (request_.outer.format == nullptr && format_.output_forbidden(result_.pa, request_.params))
            fail(FaultCause::output_forbidden, step.level);
    }

    /// The result of the inner stage is an intermediate address: takes it through the outer stage.
    void go_through_outer()
    {
        const TranslationResult outer =
            translate(memory_, walk_request(request_.outer), Iova(result_.pa.value()), wanted_);
        result_.mapped = outer.mapped;
        result_.pa = outer.pa;
        result_.size_lg2 = std::min(result_.size_lg2, outer.size_lg2);
        result_.access = result_.access & seen_from_inside(*request_.outer.format, outer.access);
        take_outer(outer);
    }

    void take_outer(const TranslationResult &outer)
    {
        for (WalkStep step : outer.steps) {
            step.outer = true;
            result_.steps.push_back(step);
        }
        if (!result_.fault)
            result_.fault = outer.fault;
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

    const MemorySource &memory_;
    StageMemory stage_memory_;
    walk::TableReader reader_;
    const WalkRequest &request_;
    const TableFormat &format_;
    Access wanted_;
    Access access_;
    TranslationResult result_;
};

}  // namespace

Access seen_from_inside(const TableFormat &outer, Access access)
{
    return !outer.has_execute && access.allows(Access::read()) ? access | Access::execute() : access;
}

TranslationResult translate(const MemorySource &memory, const WalkRequest &request, Iova iova, Access wanted)
{
    return Translator(memory, request, wanted).go(iova);
}

WalkRequest walk_request(const Translation &translation)
{
    WalkRequest request = walk_request(Stage{translation.format, translation.params, translation.root});
    request.outer = translation.outer;
    request.access = translation.access;
    return request;
}

std::optional<Translation> upper_half(const Translation &translation)
{
    if (translation.upper.format == nullptr)
        return std::nullopt;
    Translation upper = translation;
    upper.format = translation.upper.format;
    upper.params = translation.upper.params;
    upper.root = translation.upper.root;
    upper.upper = {};
    return upper;
}

WalkRequest walk_request(const Translation &translation, Iova iova)
{
    // Arm Architecture Reference Manual, section D8.2: bit 55 chooses the half, whatever is made of those above.
    constexpr unsigned kHalfBit = 55;
    const auto upper = (iova.value() >> kHalfBit & 1) != 0 ? upper_half(translation) : std::nullopt;
    return walk_request(upper.value_or(translation));
}

WalkRequest walk_request(const Stage &stage)
{
    WalkRequest request;
    request.format = stage.format;
    request.params = stage.params;
    request.root = stage.root;
    return request;
}

Stage physical_stage(const Translation &translation)
{
    const bool nested = translation.outer.format != nullptr;
    return nested ? translation.outer : Stage{translation.format, translation.params, translation.root};
}

}  // namespace pgregion
