// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lock and claim of a writer; see writer_lock.h.
#include "io/writer_lock.h"

#include "io/failures.h"
#include "io/holders.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <boost/date_time/posix_time/posix_time_types.hpp>

namespace pgregion::io
{

namespace
{

namespace bip = boost::interprocess;

constexpr int kLockWaitSeconds = 3;

bip::file_lock open_lock(const std::string &path)
{
    try {
        return bip::file_lock(path.c_str());
    } catch (const bip::interprocess_exception &problem) {
        throw open_failure(path, problem.get_native_error());
    }
}

bool wait_for(bip::file_lock &lock, const std::string &path)
{
    try {
        // Boost takes the deadline in UTC, not in local time.
        const auto now = boost::posix_time::microsec_clock::universal_time();
        return lock.timed_lock(now + boost::posix_time::seconds(kLockWaitSeconds));
    } catch (const bip::interprocess_exception &problem) {
        throw failure(path, "cannot-lock", "cannot be locked for writing: " + reason(problem.get_native_error()),
                      "work on a copy on a local file system: cp FILE COPY");
    }
}

}  // namespace

bip::file_lock take_writer_lock(const std::string &path)
{
    bip::file_lock lock = open_lock(path);
    if (wait_for(lock, path))
        return lock;
    const std::string holder = lock_holder(path);
    throw failure(path, "source-locked",
                  "another process is writing to it" + (holder.empty() ? holder : ", " + holder) +
                      "; two writers at once would spoil each other's work",
                  "wait for it to end, or find it: fuser -v FILE; lslocks");
}

Descriptor claim_block_device(const std::string &path)
{
    Descriptor claim(::open(path.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    if (!claim.valid() && errno == EBUSY) {
        const std::string use = device_use(device_number(path));
        throw failure(path, "device-busy",
                      "the device is " + (use.empty() ? "mounted or otherwise in use" : use) +
                          "; writing would damage what uses it",
                      "see who uses it: lsblk FILE; unmount it, or work on a copy: dd if=FILE of=OUT bs=2M");
    }
    if (!claim.valid())
        throw open_failure(path, errno);
    // Root may open a write-protected device for writing; only the writes fail.
    int is_read_only = 0;
    if (::ioctl(claim.number(), BLKROGET, &is_read_only) == 0 && is_read_only != 0)
        throw failure(path, "permission-denied", "the device is write-protected",
                      "see its state: blockdev --getro FILE; or work on a copy: dd if=FILE of=OUT bs=2M");
    return claim;
}

}  // namespace pgregion::io
