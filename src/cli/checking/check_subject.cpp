// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/checking/check_subject.h"

#include "cli/opening/numbers.h"

#include <pgregion/region.h>

namespace pgregion::cli
{

namespace
{

/// Whether a guess stands behind the format or the number of levels.
ReadingOrigin origin_of(const Tables &tables, const SourceReading &reading)
{
    if (!tables.guess || reading.by_register())
        return ReadingOrigin::given;
    const bool has_levels = tables.directory == nullptr || tables.directory->max_levels != 0;
    const bool has_format = reading.context.format != nullptr || reading.context.directory != nullptr;
    return has_format && (!has_levels || reading.levels) ? ReadingOrigin::given : ReadingOrigin::inferred;
}

/// Pieces that look like an opened region: 2 MiB with bit 0 set.
std::vector<Range<PhysAddr>> regions_among(const Tables &tables)
{
    std::vector<Range<PhysAddr>> regions;
    for (const Placed &piece : tables.placed) {
        if (piece.bytes.size() == kRegionBytes && Bitmap::read(piece.bytes).test(kBitmapPage))
            regions.push_back({piece.first, kRegionBytes});
    }
    return regions;
}

void take_tables(OpenedSubject &opened, const SourceReading &reading)
{
    const Tables &tables = *opened.tables;
    CheckSubject &subject = opened.subject;
    subject.memory = &tables.memory;
    subject.memory_base = tables.pages.base.value_or(PhysAddr(0));
    subject.other_regions = regions_among(tables);
    subject.reading = origin_of(tables, reading);
    subject.units = tables.units;
    if (tables.directory == nullptr)
        subject.tables.push_back({tables.format, tables.params, tables.root});
    opened.info = tables.info;
    opened.pages = tables.pages;
}

}  // namespace

void refuse_one_device(const DecodingOptions &options)
{
    if (options.name_device())
        throw Error(Failure::usage, "bad-option",
                    "--device and --pasid pick one translation, but checks look at everything: what is wrong for one "
                    "device is often the fault of another",
                    "leave them out; findings name their device");
}

void OpenedSubject::ensure_intact(const OpenedSource &source) const
{
    source.source().ensure_intact();
    if (tables)
        tables->ensure_intact(source);
}

OpenedSubject open_subject(const OpenedSource &source, const SourceReading &reading, const CheckArguments &arguments)
{
    OpenedSubject opened;
    opened.info = source.info();
    opened.pages = {source.paddr(), kRegionPages};
    try {
        opened.tables = std::make_unique<Tables>(open_tables(source, reading));
        take_tables(opened, reading);
    } catch (const Error &error) {
        if (!error.is(ErrorClass::undecided) || !source.is_region())
            throw;
        opened.undecided = error;
    }
    if (source.is_region())
        opened.subject.region = CheckRegion{source.region(RegionNeeds::allocated), opened.pages.base};
    opened.subject.liveupdate = arguments.liveupdate;
    opened.subject.ram = arguments.ram;
    return opened;
}

}  // namespace pgregion::cli
