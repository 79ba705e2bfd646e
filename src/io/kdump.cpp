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
#include <atomic>
#include <cstring>
#include <iterator>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
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

// One process that reads the dump, and how far its thread has read with it.
struct Lane {
    Lane(const std::string &path, const KdumpLayout &layout, const KdumpLimits &limits) : child(path, layout, limits) {}

    std::mutex mutex;  // of all that follows
    KdumpChild child;
    std::uint64_t next = kNoPage;  // the page behind those that were read last
    std::uint64_t ahead = 1;
};

unsigned readers(const KdumpLimits &limits)
{
    constexpr unsigned kMost = 8;
    return limits.readers != 0 ? limits.readers : std::clamp(std::thread::hardware_concurrency(), 1U, kMost);
}

// Threads are numbered in the order in which they first ask, of any dump.
unsigned number_of_thread()
{
    static std::atomic<unsigned> threads = 0;
    thread_local const unsigned number = threads++;
    return number;
}

class KdumpMemory final : public AddressedMemory
{
public:
    KdumpMemory(std::span<const KdumpFile> files, const KdumpLimits &limits)
        : layout_(read_kdump_layout(files)), shortfall_(shortfall_of(files.front().path, layout_)),
          bad_(std::make_shared<BadPages>(files.front().path)), opener_(number_of_thread())
    {
        lanes_.push_back(std::make_unique<Lane>(files.front().path, layout_, limits));
        lanes_.front()->child.open();
        // By this thread: a child ends with the thread that made it.
        while (lanes_.size() < readers(limits))
            lanes_.push_back(std::make_unique<Lane>(files.front().path, layout_, limits));
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
        if (const std::scoped_lock lock(cache_mutex_); cache_.get(number, page))
            return page;
        Lane &lane = lane_of_thread();
        const std::scoped_lock lock(lane.mutex);
        if (!read(lane, {number, in_a_row}, page))
            return {};
        return page;
    }

    void ensure_intact() const override
    {
        for (const auto &lane : lanes_) {
            const std::scoped_lock lock(lane->mutex);
            if (lane->child.end())
                throw *lane->child.end();
        }
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

    // The opener has the first one to itself, and the others share the rest. Two that meet in one wait for each other.
    [[nodiscard]] Lane &lane_of_thread() const
    {
        const unsigned number = number_of_thread();
        const bool first = number == opener_ || lanes_.size() == 1;
        return *lanes_.at(first ? 0 : 1 + number % (lanes_.size() - 1));
    }

    // `wanted`: the page, and how many there are from it on. False for a page that cannot be decoded.
    bool read(Lane &lane, const PageRequest &wanted, MutableBytes page) const
    {
        const std::uint64_t number = wanted.first_page;
        if (bad_->contains(number))
            return false;
        lane.ahead = number == lane.next ? std::min<std::uint64_t>(lane.ahead * 2, kWindowPages) : 1;
        const PageRequest request{number, std::min(lane.ahead, wanted.count)};
        lane.next = number + request.count;
        lane.child.open();
        const PageAnswer answer = lane.child.read(request);
        if ((answer.there & 1) == 0) {
            bad_->add(number, path_of(number), harmless(answer.reason.data()));
            return false;
        }
        // What goes out is copied from the cache: the window may change under a child that was taken over.
        const std::scoped_lock lock(cache_mutex_);
        for (std::uint64_t n = 0; n < request.count; ++n)
            if ((answer.there >> n & 1) != 0)
                cache_.put(number + n, lane.child.window().subspan(n << kPageLg2, kPageBytes));
        return cache_.get(number, page);
    }

    KdumpLayout layout_;
    std::optional<Error> shortfall_;
    std::shared_ptr<BadPages> bad_;
    std::vector<Descriptor> files_;
    unsigned opener_;                           ///< number of the thread that opened it
    std::vector<std::unique_ptr<Lane>> lanes_;  ///< at least one
    mutable std::mutex cache_mutex_;
    mutable KeptPages cache_;  ///< guarded by that
};

}  // namespace

std::unique_ptr<AddressedMemory> open_kdump(std::span<const KdumpFile> files, const KdumpLimits &limits)
{
    return std::make_unique<KdumpMemory>(files, limits);
}

}  // namespace pgregion::io
