// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/register_collector.h"

#include <pgregion/report.h>

namespace pgregion::cli
{

namespace
{

constexpr std::uint64_t kPageOffset = kPageBytes - 1;

std::uint8_t byte_of(std::uint64_t value, unsigned index) { return static_cast<std::uint8_t>(value >> (8 * index)); }

/// Of a number whose register may have 32 or 64 bits.
unsigned certain_bytes(std::uint64_t value) { return value >> 32 == 0 ? 4 : 8; }

}  // namespace

std::size_t RegisterCollector::new_bank(std::uint64_t base)
{
    text_.banks.emplace_back(base);
    return text_.banks.size() - 1;
}

std::size_t RegisterCollector::bank_at(std::uint64_t base)
{
    const auto [found, is_new] = bank_of_base_.try_emplace(base, text_.banks.size());
    return is_new ? new_bank(base) : found->second;
}

void RegisterCollector::begin_unit(std::uint64_t base)
{
    end_tables();
    unit_ = bank_at(base);
}

void RegisterCollector::begin_unit_called(std::string_view name)
{
    const auto found = bank_of_name_.find(name);
    unit_ = found != bank_of_name_.end() ? found->second : new_bank(0);
    bank_of_name_.try_emplace(std::string(name), *unit_);
}

void RegisterCollector::store_at_offset(std::uint64_t offset, std::uint64_t value, unsigned bytes)
{
    if (offset > kPageOffset)
        return;
    if (!unit_)
        unit_ = bank_at(0);
    for (unsigned i = 0; i < bytes; ++i)
        text_.banks[*unit_].store(offset + i, byte_of(value, i));
}

void RegisterCollector::store_number_at_offset(std::uint64_t offset, std::uint64_t value)
{
    const unsigned bytes = certain_bytes(value);
    store_at_offset(offset, value, bytes);
    for (unsigned i = bytes; offset <= kPageOffset && i < 8; ++i)
        text_.banks[*unit_].store_zero(offset + i);
}

void RegisterCollector::store_in_next_unit(std::uint64_t offset, std::uint64_t value, unsigned bytes)
{
    if (unit_ && text_.banks[*unit_].known(offset, bytes) != 0)
        unit_ = new_bank(0);
    store_at_offset(offset, value, bytes);
}

void RegisterCollector::store_at_address(std::uint64_t address, std::uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; ++i) {
        const std::uint64_t at = address + i;
        text_.banks[bank_at(at & ~kPageOffset)].store(at & kPageOffset, byte_of(value, i));
    }
}

void RegisterCollector::store_number_at_address(std::uint64_t address, std::uint64_t value)
{
    const unsigned bytes = certain_bytes(value);
    store_at_address(address, value, bytes);
    for (unsigned i = bytes; i < 8; ++i) {
        const std::uint64_t at = address + i;
        text_.banks[bank_at(at & ~kPageOffset)].store_zero(at & kPageOffset);
    }
}

void RegisterCollector::store_named(const RegisterPlace &place, std::string value)
{
    text_.named.push_back({place, std::move(value), line_, false});
}

void RegisterCollector::begin_tables(std::uint64_t root)
{
    end_tables();
    root_ = root;
}

void RegisterCollector::set_mode(std::uint64_t translation_table_mode) { mode_ = translation_table_mode; }

void RegisterCollector::end_tables()
{
    constexpr unsigned kModeLow = 10;
    const auto rtaddr = find_register("rtaddr");
    if (root_ && mode_ && rtaddr) {
        text_.named.push_back({*rtaddr, hex(*root_ | *mode_ << kModeLow), line_, true});
    } else if (root_ && !text_.root_without_mode) {
        text_.root_without_mode = root_;
    }
    root_.reset();
    mode_.reset();
}

RegisterText RegisterCollector::take()
{
    end_tables();
    return std::move(text_);
}

}  // namespace pgregion::cli
