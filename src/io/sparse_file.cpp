// SPDX-License-Identifier: GPL-2.0-or-later
//
// The file without a name; see sparse_file.h.
#include "io/sparse_file.h"

#include "io/failures.h"

#include <pgregion/address.h>
#include <pgregion/error.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// "16 GiB" where it comes out even, else in bytes.
std::string in_units(std::uint64_t bytes)
{
    constexpr std::array<std::string_view, 5> kUnits{" bytes", " KiB", " MiB", " GiB", " TiB"};
    std::size_t unit = 0;
    while (unit + 1 < kUnits.size() && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        ++unit;
    }
    return std::to_string(bytes).append(kUnits.at(unit));
}

// Not every file system has O_TMPFILE (NFS has not).
Descriptor create_unnamed(const std::string &folder)
{
    Descriptor file(::open(folder.c_str(), O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, kOwnerOnly));
    if (file.valid())
        return file;
    const int first_problem = errno;
    std::string name = folder + "/pgregion-XXXXXX";
    Descriptor named(::mkostemp(name.data(), O_CLOEXEC));
    if (named.valid())
        ::unlink(name.c_str());
    else
        errno = first_problem;
    return named;
}

std::vector<std::string> folders()
{
    const char *const chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
    if (chosen != nullptr && *chosen != '\0')
        return {chosen};
    // /tmp last: it is often held in memory, which is what must not run out here.
    return {"/var/tmp", "/tmp"};
}

// How many of the first bytes go up to the next page of the file.
std::size_t piece_size(std::uint64_t offset, std::size_t left)
{
    return static_cast<std::size_t>(std::min<std::uint64_t>(kPageBytes - offset % kPageBytes, left));
}

}  // namespace

SparseFile::SparseFile(std::string path, std::uint64_t limit_bytes) : path_(std::move(path)), limit_bytes_(limit_bytes)
{
    int problem = ENOENT;
    for (const std::string &folder : folders()) {
        folder_ = folder;
        file_ = create_unnamed(folder);
        if (file_.valid())
            return;
        problem = errno;
    }
    fail(problem);
}

void SparseFile::fail(int error_number) const
{
    const bool is_full = error_number == ENOSPC || error_number == EDQUOT;
    const std::string_view what = path_ == "-" ? "cannot be copied: " : "cannot be unpacked: ";
    throw failure(path_, "cannot-unpack",
                  std::string(what) + (is_full ? "no room for its bytes in " : "its bytes cannot be put into ") +
                      folder_ + ": " + reason(error_number),
                  {})
        .advise((is_full ? "see what is free: df -h " : "look at the folder: ls -ld ") + shell_word(folder_) +
                "; or name another with more room: TMPDIR=FOLDER pgregion ...");
}

void SparseFile::store(std::uint64_t offset, Bytes bytes)
{
    while (!bytes.empty()) {
        const ssize_t done = ::pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            fail(done == 0 ? ENOSPC : errno);
        offset += static_cast<std::uint64_t>(done);
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
}

void SparseFile::clear(std::uint64_t offset, Bytes zeros)
{
    const std::uint64_t written =
        size_bytes_ > offset ? std::min<std::uint64_t>(size_bytes_ - offset, zeros.size()) : 0;
    if (written == 0)
        return;
    if (::fallocate(file_.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(written)) != 0)
        store(offset, zeros.first(static_cast<std::size_t>(written)));
}

void SparseFile::write_at(std::uint64_t offset, Bytes bytes)
{
    if (bytes.empty())
        return;
    if (offset > limit_bytes_ || bytes.size() > limit_bytes_ - offset) {
        throw failure(path_, "unpack-limit",
                      "unpacks to more than " + in_units(limit_bytes_) +
                          ", the limit: a small file can be made to fill any disk",
                      "where that is its true size, allow more, such as --unpack-limit 64G");
    }
    const std::uint64_t end = offset + bytes.size();
    while (!bytes.empty()) {
        // Runs of pages of one kind go together.
        std::size_t run = 0;
        const bool zeros = all_zero(bytes.first(piece_size(offset, bytes.size())));
        while (run < bytes.size()) {
            const std::size_t piece = piece_size(offset + run, bytes.size() - run);
            if (all_zero(bytes.subspan(run, piece)) != zeros)
                break;
            run += piece;
        }
        if (zeros)
            clear(offset, bytes.first(run));
        else
            store(offset, bytes.first(run));
        offset += run;
        bytes = bytes.subspan(run);
    }
    size_bytes_ = std::max(size_bytes_, end);
}

Descriptor SparseFile::finish()
{
    if (::ftruncate(file_.number(), static_cast<off_t>(size_bytes_)) != 0)
        fail(errno);
    return std::move(file_);
}

}  // namespace pgregion::io
