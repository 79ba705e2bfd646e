// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kdump as memory; see kdump.h. Pages that were read are kept. Who asks for the page behind the last one is given
// more and more of those that follow, so that reading all of a dump costs few requests, and a walk of tables does not
// decode pages that nobody wants.
#include "io/kdump.h"

#include "io/failures.h"

#include <pgregion/error.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

constexpr std::size_t kCachedPages = 4096;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};

// Pages by number, each at one place only: of two that belong there the later one stays.
class KeptPages
{
public:
    KeptPages() : bytes_(std::make_unique_for_overwrite<std::byte[]>(kCachedPages << kPageLg2))
    {
        numbers_.fill(kNoPage);
    }

    [[nodiscard]] bool get(std::uint64_t number, MutableBytes page) const
    {
        if (numbers_.at(number % kCachedPages) != number)
            return false;
        std::memcpy(page.data(), place(number), kPageBytes);
        return true;
    }

    void put(std::uint64_t number, Bytes page)
    {
        std::memcpy(place(number), page.data(), kPageBytes);
        numbers_.at(number % kCachedPages) = number;
    }

private:
    [[nodiscard]] std::byte *place(std::uint64_t number) const
    {
        return bytes_.get() + ((number % kCachedPages) << kPageLg2);
    }

    std::unique_ptr<std::byte[]> bytes_;
    std::array<std::uint64_t, kCachedPages> numbers_{};
};

// Pages that could not be decoded. Bounded: a dump of nothing else makes no difference.
class BadPages final : public LostPages
{
public:
    explicit BadPages(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] bool contains(std::uint64_t number) const
    {
        const std::scoped_lock lock(mutex_);
        return numbers_.contains(number);
    }

    void add(std::uint64_t number, const std::string &path, std::string reason)
    {
        const std::scoped_lock lock(mutex_);
        if (numbers_.size() == kMost)
            return;
        numbers_.insert(number);
        if (*numbers_.begin() != number)
            return;
        path_ = path;
        reason_ = std::move(reason);
    }

    [[nodiscard]] std::optional<Error> error() const override
    {
        const std::scoped_lock lock(mutex_);
        if (numbers_.empty())
            return {};
        const std::string which = hex(PhysAddr(*numbers_.begin() << kPageLg2)) + ": " + reason_;
        const std::string what =
            numbers_.size() == 1 ? "one of its 4-KiB pages cannot be decoded, and is a hole: that at " + which
                                 : std::to_string(numbers_.size()) + (numbers_.size() == kMost ? " or more" : "") +
                                       " of its 4-KiB pages cannot be decoded, and are holes; the first at " + which;
        return failure(path_, "damaged-dump", what,
                       "dump again; or see whether others can read it: makedumpfile -d 0 FILE OUT");
    }

private:
    static constexpr std::size_t kMost = 65536;
    mutable std::mutex mutex_;
    std::set<std::uint64_t> numbers_;
    std::string path_;    // of the file that the first of them is in
    std::string reason_;  // of that
};

void add_pages(std::string &text, std::uint64_t bytes, std::string_view what)
{
    if (bytes != 0)
        text += (text.empty() ? "" : "; ") + std::to_string(bytes / kPageBytes) + " of its 4-KiB pages " +
                std::string(what);
}

// What one file lacks of what it should hold.
std::string missing_from(const KdumpPart &part)
{
    std::string missing;
    add_pages(missing, part.cut_off_bytes, "have their data behind the end of the file, and are holes");
    add_pages(missing, part.senseless_bytes, "have descriptors that make no sense, and are holes");
    if (part.is_incomplete)
        missing += std::string(missing.empty() ? "" : "; ") + "makedumpfile had no room to write all of it";
    return missing.empty() ? missing : "is not whole; " + missing;
}

std::optional<Error> shortfall_of(const std::string &path, const KdumpLayout &layout)
{
    std::string text;
    std::string at;
    const auto add = [&](const std::string &file, const std::string &what) {
        if (text.empty())
            at = file;
        else
            text += "; " + (file == at ? std::string() : file + " ");
        text += what;
    };
    for (const KdumpPart &part : layout.parts) {
        if (const std::string missing = missing_from(part); !missing.empty())
            add(part.path, missing);
    }
    if (layout.elsewhere_bytes != 0)
        add(path, std::string(layout.is_lone_part ? "is a part of a dump that makedumpfile --split wrote in several: "
                                                  : "is not whole: ") +
                      std::to_string(layout.elsewhere_bytes / kPageBytes) +
                      " of its 4-KiB pages are in other parts, and are holes");
    if (text.empty())
        return {};
    return failure(at, "truncated-dump", text,
                   layout.elsewhere_bytes != 0 ? "name the other parts, too: --part FILE2"
                                               : "compare its size with the original (ls -l FILE) and copy it again");
}

class KdumpMemory final : public AddressedMemory
{
public:
    KdumpMemory(std::span<const KdumpFile> files, const KdumpLimits &limits)
        : layout_(read_kdump_layout(files)), shortfall_(shortfall_of(files.front().path, layout_)),
          bad_(std::make_shared<BadPages>(files.front().path)), child_(files.front().path, layout_, limits)
    {
        for (KdumpPart &part : layout_.parts) {
            files_.emplace_back(::fcntl(part.descriptor, F_DUPFD_CLOEXEC, 0));
            part.descriptor = files_.back().number();
        }
    }

    [[nodiscard]] std::span<const Range<PhysAddr>> ranges() const override { return layout_.ranges; }
    [[nodiscard]] const std::optional<Error> &shortfall() const override { return shortfall_; }
    [[nodiscard]] std::shared_ptr<const LostPages> lost_pages() const override { return bad_; }

    [[nodiscard]] std::string_view remark() const override
    {
        return layout_.is_lone_part && layout_.elsewhere_bytes == 0
                   ? "is a part of a dump that makedumpfile --split wrote in several, and holds all of its pages: the "
                     "other parts are empty"
                   : "";
    }

    [[nodiscard]] std::span<const std::byte> page(PhysAddr page_address, std::span<std::byte> buffer) const override
    {
        const MutableBytes page = buffer.first(kPageBytes);
        const std::uint64_t in_a_row = pages_from(page_address);
        if (in_a_row == 0)
            return {};
        const std::uint64_t number = page_address.value() >> kPageLg2;
        const std::scoped_lock lock(mutex_);
        if (!cache_.get(number, page) && !read(number, in_a_row, page))
            return {};
        return page;
    }

    void ensure_intact() const override
    {
        const std::scoped_lock lock(mutex_);
        if (child_.end())
            throw *child_.end();
        for (const KdumpPart &part : layout_.parts) {
            const off_t end = ::lseek(part.descriptor, 0, SEEK_END);
            if (end >= 0 && static_cast<std::uint64_t>(end) < part.size_bytes)
                throw failure(part.path, "source-shrank",
                              "became shorter while it was read: pages read from it may have been zeros",
                              "see who writes to it: fuser -v FILE");
        }
    }

private:
    // How many pages the dump has from here without a hole.
    [[nodiscard]] std::uint64_t pages_from(PhysAddr address) const
    {
        const auto &ranges = layout_.ranges;
        const auto after = std::ranges::upper_bound(ranges, address, {}, &Range<PhysAddr>::first);
        if (after == ranges.begin() || !std::prev(after)->contains(address))
            return 0;
        const Range<PhysAddr> &range = *std::prev(after);
        return (range.size - (address - range.first)) >> kPageLg2;
    }

    // The file that a page is in.
    [[nodiscard]] const std::string &path_of(std::uint64_t number) const
    {
        const std::uint64_t block = (number << kPageLg2) / layout_.block_bytes;
        const auto behind = std::ranges::upper_bound(layout_.parts, block, {}, &KdumpPart::first_block);
        return behind == layout_.parts.begin() ? layout_.parts.front().path : std::prev(behind)->path;
    }

    // False for a page that cannot be decoded.
    bool read(std::uint64_t number, std::uint64_t in_a_row, MutableBytes page) const
    {
        if (bad_->contains(number))
            return false;
        ahead_ = number == next_ ? std::min<std::uint64_t>(ahead_ * 2, kWindowPages) : 1;
        const PageRequest request{number, std::min(ahead_, in_a_row)};
        next_ = number + request.count;
        const PageAnswer answer = child_.read(request);
        if ((answer.there & 1) == 0) {
            bad_->add(number, path_of(number), harmless(answer.reason.data()));
            return false;
        }
        // What goes out is copied from the cache: the window may change under a child that was taken over.
        for (std::uint64_t n = 0; n < request.count; ++n)
            if ((answer.there >> n & 1) != 0)
                cache_.put(number + n, child_.window().subspan(n << kPageLg2, kPageBytes));
        return cache_.get(number, page);
    }

    KdumpLayout layout_;
    std::optional<Error> shortfall_;
    std::shared_ptr<BadPages> bad_;
    std::vector<Descriptor> files_;
    mutable std::mutex mutex_;  ///< of all that follows
    mutable KdumpChild child_;
    mutable KeptPages cache_;
    mutable std::uint64_t next_ = kNoPage;  ///< the page behind those that were read last
    mutable std::uint64_t ahead_ = 1;
};

}  // namespace

std::unique_ptr<AddressedMemory> open_kdump(std::span<const KdumpFile> files, const KdumpLimits &limits)
{
    return std::make_unique<KdumpMemory>(files, limits);
}

}  // namespace pgregion::io
