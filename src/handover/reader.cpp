// SPDX-License-Identifier: GPL-2.0-or-later
#include "handover/reader.h"

namespace pgregion
{

namespace
{

enum class Meaning : std::uint8_t { doubt, cut, loss };

struct ProblemRow {
    std::string_view code;
    Meaning meaning;
};

constexpr std::array kProblems{
    ProblemRow{"page-missing", Meaning::doubt},       ProblemRow{"pointer-misaligned", Meaning::doubt},
    ProblemRow{"chain-cycle", Meaning::doubt},        ProblemRow{"chain-too-long", Meaning::cut},
    ProblemRow{"count-too-big", Meaning::doubt},      ProblemRow{"order-too-big", Meaning::doubt},
    ProblemRow{"fdt-malformed", Meaning::doubt},      ProblemRow{"property-missing", Meaning::doubt},
    ProblemRow{"no-preserved-map", Meaning::doubt},   ProblemRow{"layout-unknown", Meaning::doubt},
    ProblemRow{"object-implausible", Meaning::doubt}, ProblemRow{"hw-type-unknown", Meaning::doubt},
    ProblemRow{"level-out-of-range", Meaning::doubt}, ProblemRow{"root-missing", Meaning::doubt},
    ProblemRow{"too-many-records", Meaning::cut},     ProblemRow{"record-not-preserved", Meaning::loss},
    ProblemRow{"table-not-preserved", Meaning::loss}, ProblemRow{"table-missing", Meaning::doubt},
    ProblemRow{"tables-malformed", Meaning::doubt},   ProblemRow{"tables-cut-short", Meaning::cut},
    ProblemRow{"domain-mismatch", Meaning::doubt},    ProblemRow{"device-missing", Meaning::doubt},
    ProblemRow{"search-cut-short", Meaning::cut},     ProblemRow{"tracker-consumed", Meaning::doubt},
    ProblemRow{"nothing-written", Meaning::doubt},    ProblemRow{"version-unknown", Meaning::doubt},
    ProblemRow{"tree-unread", Meaning::doubt},        ProblemRow{"memory-not-preserved", Meaning::loss},
    ProblemRow{"array-too-short", Meaning::doubt},
};
static_assert(kProblems.size() == static_cast<std::size_t>(HandoverProblemKind::array_too_short) + 1);

const ProblemRow &row(HandoverProblemKind kind) { return kProblems.at(static_cast<std::size_t>(kind)); }

}  // namespace

std::string_view code(HandoverProblemKind kind) { return row(kind).code; }
bool cuts_short(HandoverProblemKind kind) { return row(kind).meaning == Meaning::cut; }
bool leaves_doubt(HandoverProblemKind kind) { return row(kind).meaning == Meaning::doubt; }
bool breaks_handover(HandoverProblemKind kind) { return row(kind).meaning == Meaning::loss; }

std::string_view word(HandoverRole role)
{
    switch (role) {
    case HandoverRole::incoming:
        return "incoming";
    case HandoverRole::outgoing:
        return "outgoing";
    case HandoverRole::unknown:
        break;
    }
    return {};
}

void Handover::note(const HandoverProblem &problem)
{
    if (std::ranges::find(problems, problem) != problems.end())
        return;
    ++problem_count;
    truncated_ = truncated_ || cuts_short(problem.kind);
    incomplete_ = incomplete_ || leaves_doubt(problem.kind);
    broken_ = broken_ || breaks_handover(problem.kind);
    if (problems.size() < kKeptProblems)
        problems.push_back(problem);
}

namespace handover
{

HandoverRecord *Reader::add(std::string_view kind, std::string version, unsigned depth, std::optional<PhysAddr> paddr)
{
    if (handover.records.size() >= Handover::kMaxRecords) {
        note(HandoverProblemKind::too_many_records, paddr.value_or(PhysAddr(0)));
        return nullptr;
    }
    handover.records.push_back({kind, std::move(version), paddr, depth, std::nullopt});
    return &handover.records.back();
}

bool Reader::read(PhysAddr address, MutableBytes out)
{
    if (read_bytes(memory, address, out))
        return true;
    note(HandoverProblemKind::page_missing, page_of(address));
    return false;
}

std::optional<Fdt> Reader::read_fdt(PhysAddr address)
{
    if (fdt_bytes_left == 0) {
        note(HandoverProblemKind::too_many_records, address);
        return std::nullopt;
    }
    auto fdt = Fdt::read(memory, address);
    // What is refused may have cost as much as the largest FDT, and mostly cost nothing.
    constexpr std::uint64_t kRefused = std::uint64_t{256} << 10;
    fdt_bytes_left -= std::min(fdt_bytes_left, fdt ? std::uint64_t{fdt->size_bytes()} : kRefused);
    return fdt;
}

std::optional<bool> Reader::is_preserved(PhysAddr address)
{
    const Kept kept = preserved == nullptr ? Kept::unknown : preserved->look(address);
    if (kept == Kept::unknown)
        return std::nullopt;
    if (kept == Kept::no)
        note(HandoverProblemKind::record_not_preserved, page_of(address));
    return kept == Kept::yes;
}

std::optional<bool> Reader::are_preserved(PhysAddr first, std::uint64_t pages, std::optional<PhysAddr> record)
{
    std::optional<bool> all = true;
    for (std::uint64_t page = 0; page < pages;) {
        const PhysAddr at = first + page * kPageBytes;
        if (steps_left == 0 || preserved == nullptr) {
            if (preserved != nullptr)
                note(HandoverProblemKind::chain_too_long, record);
            return std::nullopt;
        }
        --steps_left;
        const Block block = preserved->find(at);
        if (block.kept == Kept::no) {
            note(HandoverProblemKind::memory_not_preserved, record, at.value());
            return false;
        }
        if (block.kept == Kept::unknown)
            all = std::nullopt;
        // On to the end of the block that it is kept in.
        const std::uint64_t size = std::uint64_t{1} << block.order;
        page += size - (at.value() >> kPageLg2) % size;
    }
    return all;
}

HandoverField number_field(std::string_view name, std::uint64_t value)
{
    return {name, HandoverFieldKind::number, value};
}

HandoverField word_field(std::string_view name, std::uint64_t value) { return {name, HandoverFieldKind::word, value}; }

HandoverField text_field(std::string_view name, std::string text)
{
    return {name, HandoverFieldKind::text, 0, std::move(text)};
}

std::string text_of(Bytes bytes)
{
    std::string text;
    for (const std::byte byte : bytes) {
        if (byte == std::byte{0})
            break;
        text.push_back(std::to_integer<char>(byte));
    }
    return text;
}

bool is_plain(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

Error unknown_version(const std::string &what, std::optional<PhysAddr> at, const std::string &found,
                      const std::string &known)
{
    Error error(
        Failure::operational, "unknown-handover-version",
        what + (at ? " at " + hex_text(at->value()) : " in the file") + " is of version '" + found +
            "', which pgregion does not know: read as another one it would show roots that do not exist",
        "known are " + known +
            "; a root that is known from elsewhere can be walked: pgregion mappings SOURCE --format NAME --root PA");
    return error.as(ErrorClass::unknown_version);
}

std::string hex_text(std::uint64_t value)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    do
        text.insert(text.begin(), kDigits[value % 16]);
    while ((value /= 16) != 0);
    return "0x" + text;
}

}  // namespace handover

}  // namespace pgregion
