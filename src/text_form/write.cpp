// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/write.h"

#include "text_form/comment.h"
#include "text_form/plan.h"

#include <algorithm>
#include <cassert>

#include <fmt/core.h>

namespace pgregion
{

namespace
{

using namespace text_form;

constexpr std::size_t kFlushBytes = std::size_t{64} << 10;
/// Where a list of pages goes on in the next line.
constexpr std::size_t kListColumn = 100;

/// Collects into a string.
class StringSink final : public ByteSink
{
public:
    void write(std::string_view text) override { text_ += text; }
    void finish() override {}
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

class Writer
{
public:
    Writer(ByteSink &sink, Bytes region, std::optional<PhysAddr> base) : sink_(sink), region_(region)
    {
        if (base && base->value() % kPageBytes == 0)
            base_ = base;
    }

    void write(std::span<const TextTable> tables)
    {
        write_head();
        std::uint64_t done = kBitmapBytes;
        for (const PlannedBlock &planned : plan_blocks(tables)) {
            write_bytes(done, planned.block.begin);
            write_block(planned);
            done = planned.block.end();
        }
        write_bytes(done, kRegionBytes);
        sink_.write(text_);
    }

private:
    void write_head()
    {
        text_ += fmt::format("{} {}\n", kHeader, kVersion);
        text_ += "# A region of IOMMU page tables: 512 pages of 4 KiB. What is not written here is zero.\n"
                 "# Edit it, then make the 2 MiB again: pgregion restore THIS-TEXT IMAGE\n"
                 "# The form is described in pgregion-text(5). Comments mean nothing to restore.\n\n";
        if (base_)
            text_ += fmt::format("paddr {:#x}\n", base_->value());
        const Bitmap bitmap = Bitmap::read(region_);
        if (bitmap == Bitmap())
            text_ += "bitmap none\n";
        else
            write_bitmap(bitmap);
    }

    void write_bitmap(const Bitmap &bitmap)
    {
        std::size_t start = text_.size();
        text_ += "bitmap";
        for (const Range<PageIndex> &run : bitmap.allocated_runs()) {
            if (text_.size() - start > kListColumn) {
                text_ += '\n';
                start = text_.size();
                text_ += "bitmap";
            }
            const std::uint64_t first = run.first.value();
            text_ += fmt::format(" {}", first);
            if (run.size > 1)
                text_ += fmt::format("-{}", first + run.size - 1);
        }
        text_ += fmt::format("  # {} of {} pages\n", bitmap.count(), kRegionPages);
    }

    void write_block(const PlannedBlock &planned)
    {
        text_ += '\n';
        const std::size_t start = text_.size();
        text_ += planned.heading;
        append_comment(text_, start, describe_block(planned.block));
        text_ += '\n';
        append_entries(text_, region_, planned.block, base_);
        flush_if_full();
    }

    void write_bytes(std::uint64_t begin, std::uint64_t end)
    {
        while (begin < end) {
            const std::uint64_t page_end = std::min(end, begin / kPageBytes * kPageBytes + kPageBytes);
            append_bytes(text_, region_, begin, page_end);
            flush_if_full();
            begin = page_end;
        }
    }

    void flush_if_full()
    {
        if (text_.size() < kFlushBytes)
            return;
        sink_.write(text_);
        text_.clear();
    }

    ByteSink &sink_;
    Bytes region_;
    std::optional<PhysAddr> base_;
    std::string text_;
};

}  // namespace

void write_text_form(ByteSink &sink, std::span<const std::byte> region, std::optional<PhysAddr> base,
                     std::span<const TextTable> tables)
{
    assert(region.size() == kRegionBytes);
    Writer(sink, region, base).write(tables);
}

std::string write_text_form(std::span<const std::byte> region, std::optional<PhysAddr> base,
                            std::span<const TextTable> tables)
{
    StringSink sink;
    write_text_form(sink, region, base, tables);
    return sink.take();
}

}  // namespace pgregion
