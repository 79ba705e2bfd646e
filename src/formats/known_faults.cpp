// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables are asked for every cause, every kind of request and every setting; directories list theirs.
#include "formats/directory_faults.h"

#include <pgregion/faults.h>

#include <algorithm>
#include <array>

namespace pgregion
{

namespace
{

constexpr std::array kCauses{FaultCause::invalid_entry,
                             FaultCause::not_present,
                             FaultCause::iova_beyond_width,
                             FaultCause::root_unreadable,
                             FaultCause::table_unreadable,
                             FaultCause::output_forbidden,
                             FaultCause::no_read,
                             FaultCause::no_write,
                             FaultCause::no_execute,
                             FaultCause::reserved_bits,
                             FaultCause::supervisor_only,
                             FaultCause::access_flag,
                             FaultCause::output_beyond_width};

void add_all(std::vector<KnownFault> &all, const TableFormat &format, const FormatParams &params)
{
    for (const FaultCause cause : kCauses) {
        for (const Access wanted : {Access::read(), Access::write(), Access::execute()}) {
            const Fault fault = format.fault(cause, wanted, params);
            all.push_back({format.architecture(params), fault.code, fault.name});
        }
    }
}

/// With each slot of the parameters set by itself: a directory sets some that a user cannot.
void add_tables(std::vector<KnownFault> &all, const TableFormat &format)
{
    const FormatParams usual = default_params(format, format.max_levels);
    add_all(all, format, usual);
    for (std::size_t slot = 0; slot < kMaxParameters; ++slot) {
        FormatParams params = usual;
        params.value.at(slot) ^= 1;
        add_all(all, format, params);
    }
}

void add_directory(std::vector<KnownFault> &all, std::string_view architecture, std::span<const Fault> faults)
{
    for (const Fault &fault : faults)
        all.push_back({architecture, fault.code, fault.name});
}

}  // namespace

std::vector<KnownFault> known_faults()
{
    std::vector<KnownFault> all;
    for (const TableFormat *format : table_formats())
        add_tables(all, *format);
    add_directory(all, "vt-d", formats::vtd::legacy::directory_faults());
    add_directory(all, "vt-d", formats::vtd::scalable::directory_faults());
    add_directory(all, "amd-vi", formats::amd::directory_faults());
    add_directory(all, "smmuv3", formats::smmu::directory_faults());
    add_directory(all, "riscv-iommu", formats::riscv::directory_faults());
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

}  // namespace pgregion
