// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opening a source of any kind; the contract is in open.h, cli.md section 1.
#include "io/addressed_memory.h"
#include "io/elf_dump.h"
#include "io/failures.h"
#include "io/inspect.h"
#include "io/layers.h"
#include "io/live_memory.h"
#include "io/mapped_file.h"
#include "io/writer_lock.h"

#include <pgregion/address.h>
#include <pgregion/open.h>
#include <pgregion/region.h>

#include <cassert>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <linux/magic.h>
#include <sys/vfs.h>

namespace pgregion
{

using namespace io;

/// The members go in reverse order: first the memory, then what it lies in, last the locks. Closing `file` or
/// `claim` drops the record lock (writer_lock.h), which by then protects nothing any more.
struct Source::State {
    std::string path;
    OpenMode mode = OpenMode::read_only;
    SourceKind kind = SourceKind::raw_memory;
    std::uint64_t size_bytes = 0;
    std::optional<Error> shortfall;

    boost::interprocess::file_lock lock;
    Descriptor claim;
    std::unique_ptr<MappedFile> file;  ///< null for /dev/mem; not mapped where the kernel makes up the file (/proc)
    std::unique_ptr<AddressedMemory> memory;  ///< null when the source is flat
};

namespace
{

constexpr int kOpenAttempts = 3;
constexpr const char *kStandardInput = "-";

Error read_only_source(const std::string &path, const std::string &what)
{
    return failure(path, "source-read-only",
                   "is " + what + ", which is evidence or somebody else's memory: it is never written",
                   "cut the region out and change the copy: pgregion scan FILE --extract DIR");
}

/// A file that the kernel makes up while it is read; such a file cannot be mapped.
bool is_made_up_by_kernel(int descriptor)
{
    struct statfs status = {};
    return ::fstatfs(descriptor, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

/// Both are ELF cores; only the label differs, so the name is good enough for that.
SourceKind kind_of_proc_file(const std::string &path)
{
    std::error_code problem;
    const auto resolved = std::filesystem::canonical(path, problem);
    return resolved.filename() == "vmcore" ? SourceKind::vmcore : SourceKind::kcore;
}

SourceKind kind_of_content(Content content, std::uint64_t size_bytes)
{
    switch (content) {
    case Content::elf_core:
        return SourceKind::elf_dump;
    case Content::kdump:
        return SourceKind::kdump;
    case Content::lime:
        return SourceKind::lime_dump;
    case Content::memory:
    case Content::packed:
    case Content::other:
        break;
    }
    return size_bytes == kRegionBytes ? SourceKind::region_image : SourceKind::raw_memory;
}

/// A part of a split kdump, opened as far as the dump's own reader needs it.
Innermost open_part(const std::string &path, const OpenLimits &limits)
{
    (void)inspect_source(path);
    auto file = std::make_unique<MappedFile>(path, path, OpenMode::read_only);
    file->map(file->checked_size());
    Innermost part = peel(path, std::move(file), limits);
    if (part.content != Content::kdump)
        throw failure(path, "bad-part", "is no part of a split kdump-compressed dump",
                      "a piece of memory is named with its address: --with FILE@0xPA");
    return part;
}

}  // namespace

std::string_view kind_name(SourceKind kind)
{
    switch (kind) {
    case SourceKind::region_image:
        return "region-image";
    case SourceKind::raw_memory:
        return "raw-memory";
    case SourceKind::block_device:
        return "block-device";
    case SourceKind::device_dax:
        return "device-dax";
    case SourceKind::elf_dump:
        return "elf-dump";
    case SourceKind::kdump:
        return "kdump";
    case SourceKind::lime_dump:
        return "lime-dump";
    case SourceKind::dev_mem:
        return "dev-mem";
    case SourceKind::kcore:
        return "kcore";
    case SourceKind::vmcore:
        return "vmcore";
    }
    return "unknown";
}

/// Puts the State of one source together.
class Source::Opener
{
public:
    Opener(const std::string &path, OpenMode mode, const OpenLimits &limits, std::span<const std::string> parts)
        : path_(path), mode_(mode), limits_(limits), parts_(parts)
    {
    }

    std::unique_ptr<State> open()
    {
        if (path_ == kStandardInput)
            return open_standard_input();
        // Lock and mapping open the file by name, one after the other. Another writer may put a new file under the
        // name meanwhile (rename); then the lock is on the old file, and it is all done again.
        for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
            if (auto state = try_open())
                return state;
        }
        throw failure(path_, "source-changed", "another process keeps putting new files under this name",
                      "find it: fuser -v FILE; then try again");
    }

private:
    [[nodiscard]] std::unique_ptr<State> new_state() const
    {
        auto state = std::make_unique<State>();
        state->path = path_;
        state->mode = mode_;
        return state;
    }

    void refuse_writing(const std::string &what) const
    {
        if (mode_ == OpenMode::read_write)
            throw read_only_source(path_, what);
    }

    std::unique_ptr<State> open_standard_input()
    {
        refuse_writing("standard input");
        auto state = new_state();
        take(*state, peel_stream(path_, STDIN_FILENO, limits_));
        return state;
    }

    /// Nothing when another file stands under the name by now.
    std::unique_ptr<State> try_open()
    {
        const struct stat before = inspect_source(path_);
        if (S_ISCHR(before.st_mode))
            return open_character_device(before.st_rdev);
        auto state = new_state();
        const bool is_device = S_ISBLK(before.st_mode);
        if (mode_ == OpenMode::read_write) {
            state->lock = take_writer_lock(path_);
            if (is_device)
                state->claim = claim_block_device(path_);
        }
        auto file = std::make_unique<MappedFile>(path_, path_, mode_);
        struct stat opened = {};
        if (::fstat(file->descriptor(), &opened) != 0 || !same_file(before, opened))
            return nullptr;
        if (is_device)
            take_block_device(*state, std::move(file));
        else if (is_made_up_by_kernel(file->descriptor()))
            take_proc_file(*state, std::move(file));
        else
            take_file(*state, std::move(file));
        return state;
    }

    std::unique_ptr<State> open_character_device(dev_t device)
    {
        auto state = new_state();
        if (is_dev_mem(device)) {
            refuse_writing("the machine's physical memory");
            state->kind = SourceKind::dev_mem;
            take_memory(*state, open_dev_mem(path_));
            return state;
        }
        // Its stores need cache flushes that the kernel has no call for (msync fails), so a change could be lost.
        refuse_writing("a device dax");
        const DaxShape shape = shape_of_dax(device);
        state->kind = SourceKind::device_dax;
        state->size_bytes = shape.size_bytes;
        state->file = std::make_unique<MappedFile>(path_, path_, mode_);
        state->file->map(shape.size_bytes);
        return state;
    }

    [[nodiscard]] DaxShape shape_of_dax(dev_t device) const
    {
        DaxShape shape;
        try {
            shape = dax_shape(device);
        } catch (const std::system_error &problem) {
            throw failure(path_, "cannot-read", std::string("its size cannot be read from sysfs: ") + problem.what(),
                          "see what sysfs says: daxctl list");
        }
        // A mapping must be made of whole huge pages of the device.
        if (shape.align_bytes != 0)
            shape.size_bytes -= shape.size_bytes % shape.align_bytes;
        if (shape.size_bytes == 0)
            throw failure(path_, "empty-device", "the device has no size: no memory is attached to it",
                          "see the devices that hold something: daxctl list");
        return shape;
    }

    /// On a block device anything may stand at the start, so its bytes are not judged.
    static void take_block_device(State &state, std::unique_ptr<MappedFile> file)
    {
        state.kind = SourceKind::block_device;
        state.size_bytes = file->checked_size();
        file->map(state.size_bytes);
        state.file = std::move(file);
    }

    void take_proc_file(State &state, std::unique_ptr<MappedFile> file)
    {
        (void)file->checked_size();
        const Signature *const signature = find_signature(file->head());
        if (signature == nullptr || signature->content != Content::elf_core)
            throw failure(path_, "unsupported-source", "is a file of the kernel that holds no memory",
                          "of these, /proc/kcore and /proc/vmcore are memory");
        refuse_writing("the memory of the kernel");
        state.kind = kind_of_proc_file(path_);
        take_memory(state, open_elf_descriptor(path_, file->descriptor()));
        state.file = std::move(file);
    }

    void take_file(State &state, std::unique_ptr<MappedFile> file)
    {
        file->map(file->checked_size());
        Innermost innermost = peel(path_, std::move(file), limits_);
        if (innermost.unpacked)
            refuse_writing("a compressed or flattened file");
        if (innermost.content != Content::memory)
            refuse_writing("a memory dump");
        take(state, std::move(innermost));
    }

    void take(State &state, Innermost innermost)
    {
        std::vector<Innermost> parts;
        std::vector<KdumpFile> files;
        if (!parts_.empty() && innermost.content != Content::kdump)
            throw failure(path_, "bad-part", "is no kdump-compressed dump, so that it cannot have further parts",
                          "leave --part out; a piece of memory is named with its address: --with PIECE@0xPA");
        state.size_bytes = innermost.file->bytes().size();
        state.kind = kind_of_content(innermost.content, state.size_bytes);
        state.shortfall = innermost.shortfall;
        for (const std::string &path : parts_) {
            const Innermost &part = parts.emplace_back(open_part(path, limits_));
            files.push_back({path, part.file->descriptor()});
            if (!state.shortfall)
                state.shortfall = part.shortfall;
        }
        if (auto memory = open_dump(path_, innermost, files))
            take_memory(state, std::move(memory));
        state.file = std::move(innermost.file);
    }

    static void take_memory(State &state, std::unique_ptr<AddressedMemory> memory)
    {
        state.size_bytes = memory->size_bytes();
        if (!state.shortfall)
            state.shortfall = memory->shortfall();
        state.memory = std::move(memory);
    }

    const std::string &path_;
    OpenMode mode_;
    const OpenLimits &limits_;
    std::span<const std::string> parts_;
};

Source Source::open(const std::string &path, OpenMode mode, const OpenLimits &limits,
                    std::span<const std::string> parts)
{
    return Source(Opener(path, mode, limits, parts).open());
}

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::Source(Source &&) noexcept = default;
Source &Source::operator=(Source &&) noexcept = default;
Source::~Source() = default;

const std::string &Source::path() const { return state_->path; }
SourceKind Source::kind() const { return state_->kind; }
std::uint64_t Source::size_bytes() const { return state_->size_bytes; }
const MemorySource *Source::memory() const { return state_->memory.get(); }
const std::optional<Error> &Source::shortfall() const { return state_->shortfall; }

std::shared_ptr<const LostPages> Source::lost_pages() const
{
    return state_->memory != nullptr ? state_->memory->lost_pages() : nullptr;
}

std::string_view Source::remark() const
{
    return state_->memory != nullptr ? state_->memory->remark() : std::string_view();
}

std::span<const Range<PhysAddr>> Source::ranges() const
{
    if (state_->memory == nullptr)
        return {};
    return state_->memory->ranges();
}

std::span<const std::byte> Source::bytes() const
{
    assert(is_flat());
    return state_->file->bytes();
}

std::span<std::byte> Source::writable_bytes() const
{
    assert(state_->mode == OpenMode::read_write);
    return state_->file->writable_bytes();
}

void Source::ensure_intact() const
{
    if (state_->file != nullptr)
        state_->file->ensure_intact();
    if (state_->memory != nullptr)
        state_->memory->ensure_intact();
}

void Source::flush() const { state_->file->flush(); }

}  // namespace pgregion
