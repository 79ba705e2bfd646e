// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/scan_report.h"

#include "report/reading_report.h"
#include "report/region_report.h"

namespace pgregion::report
{

namespace
{

using Sentences = std::vector<std::string>;

/// "3 free pages with data"; nothing where there is none.
void say(Sentences &sentences, std::uint64_t count, std::string_view noun, std::string_view text)
{
    if (count != 0)
        sentences.push_back(fmt::format("{} {}", counted(count, noun), text));
}

void say_bitmap(Sentences &sentences, const RegionFacts &facts)
{
    if (!facts.bitmap_bit)
        sentences.emplace_back("bit 0 is clear, which the kernel's open always sets");
    if (facts.bitmap_runs == 1)
        sentences.push_back(fmt::format("bits 0 to {} are set: handed out lowest first", facts.allocated - 1));
    else
        sentences.push_back(fmt::format("{} bits are set, in {} runs", facts.allocated, facts.bitmap_runs));
}

void say_region(Sentences &sentences, const RegionFacts &facts)
{
    if (!facts.bitmap_bit && facts.bitmap_runs == 1)
        sentences.push_back(fmt::format("bit 0 is clear, which the kernel's open always sets; {} set",
                                        facts.allocated == 1 ? "one bit is" : "bits in one run are"));
    else
        say_bitmap(sentences, facts);
    say(sentences, facts.table_pages, "allocated page", "with what looks like tables");
    say(sentences, facts.odd_pages, "allocated page", "with data unlike a table");
    say(sentences, facts.empty_pages, "allocated page", "of zeros");
    say(sentences, facts.dirty_pages, "free page", "with data");
    if (facts.dirty_pages == 0 && facts.free_pages != 0)
        sentences.push_back(fmt::format("{} of zeros, as all should be", counted(facts.free_pages, "free page")));
    say(sentences, facts.missing_pages, "page", "not in the source");
    if (!facts.aligned)
        sentences.emplace_back("not at a multiple of 2 MiB, as regions are in physical memory");
}

void say_base(Sentences &sentences, const Candidate &candidate)
{
    if (!candidate.region)
        return;
    if (!candidate.reading)
        sentences.emplace_back("no reading of its tables is beyond doubt");
    else if (candidate.reading->base != candidate.address)
        sentences.push_back(fmt::format("its tables say that it lay at {}, not at {}",
                                        hex(candidate.reading->base.value_or(PhysAddr(0)).value()),
                                        hex(candidate.address.value())));
    else
        sentences.emplace_back("its tables belong where it lies");
}

void say_area(Sentences &sentences, const AreaFacts &facts)
{
    sentences.emplace_back("the magic number of a pkernfs super block");
    sentences.push_back(fmt::format("next free inode {}{}", facts.next_free_inode,
                                    facts.inode_in_range ? "" : ", which the inode store does not have"));
    sentences.emplace_back(facts.bits_preset ? "bits 0 and 1 of the block bitmap are set"
                                             : "bits 0 and 1 of the block bitmap are not both set");
    sentences.emplace_back(facts.root_inode ? "inode 1 is a directory" : "inode 1 is no directory");
}

void say_cpu(Sentences &sentences, const CpuMarks &marks)
{
    if (marks.global != 0)
        sentences.push_back(fmt::format("{} global leaves, as only a CPU has them", marks.global));
    if (marks.supervisor != 0)
        sentences.push_back(
            fmt::format("{} entries for the supervisor alone, as a CPU's kernel has them", marks.supervisor));
}

std::string_view format_name(const Reading &reading)
{
    return reading.table != nullptr ? reading.table->name : reading.directory->name;
}

std::string joined_parameters(const Reading &reading)
{
    std::string text(format_name(reading));
    for (const std::string &parameter : reading_parameters(reading))
        text += " " + parameter;
    return text;
}

Json hex_or_null(const std::optional<PhysAddr> &address) { return address ? Json(hex(address->value())) : Json(); }

Json candidate_json(const PlacedCandidate &placed)
{
    const Candidate &candidate = *placed.candidate;
    const Reading *reading = candidate.reading ? &*candidate.reading : nullptr;
    Json same = Json::array();
    for (const PhysAddr other : candidate.same_tables)
        same.push_back(Json(hex(other.value())));
    Json json;
    json.set("offset", placed.offset ? Json(hex(*placed.offset)) : Json());
    json.set("paddr", hex_or_null(placed.paddr));
    json.set("kind", name(candidate.kind));
    json.set("score", candidate.score);
    json.set("format", reading != nullptr ? Json(format_name(*reading)) : Json());
    json.set("levels", reading != nullptr && reading->params.levels != 0 ? Json(reading->params.levels) : Json());
    json.set("parameters", reading != nullptr ? Json(reading_parameters(*reading)) : Json::array());
    json.set("allocated", candidate.region ? Json(candidate.region->allocated) : Json());
    json.set("inside", hex_or_null(candidate.inside));
    json.set("same_tables", same);
    json.set("extracted", placed.extracted ? Json(printable(*placed.extracted)) : Json());
    json.set("evidence", candidate_evidence(candidate));
    return json;
}

std::string candidate_heading()
{
    return fmt::format("{:>5}  {:<10}  {:<14}  {:<14}  {}\n", "SCORE", "KIND", "OFFSET", "ADDRESS", "FORMAT");
}

std::string candidate_text(const PlacedCandidate &placed, const Palette &palette)
{
    const Candidate &candidate = *placed.candidate;
    std::string format = "-";
    if (candidate.reading) {
        format = joined_parameters(*candidate.reading);
        if (candidate.reading->params.levels != 0)
            append(format, ", {} levels", candidate.reading->params.levels);
    }
    std::string out = fmt::format("{:>5}  {:<10}  {:<14}  {:<14}  {}\n", candidate.score, name(candidate.kind),
                                  placed.offset ? hex(*placed.offset) : "-",
                                  placed.paddr ? hex(placed.paddr->value()) : "unknown", format);
    for (const std::string &sentence : candidate_evidence(candidate))
        append(out, "       {}\n", palette.faint(sentence));
    if (placed.extracted)
        append(out, "       written to {}\n", printable(*placed.extracted));
    return out;
}

}  // namespace

std::vector<std::string> candidate_evidence(const Candidate &candidate)
{
    Sentences sentences;
    if (candidate.area)
        say_area(sentences, *candidate.area);
    if (candidate.region)
        say_region(sentences, *candidate.region);
    say_base(sentences, candidate);
    say_cpu(sentences, candidate.cpu);
    for (const PhysAddr other : candidate.same_tables)
        sentences.push_back(fmt::format("leads to the same page tables as the directory at {}", hex(other.value())));
    if (candidate.inside)
        sentences.push_back(fmt::format("the directory at {} leads to it", hex(candidate.inside->value())));
    else if (candidate.reading)
        sentences.push_back(fmt::format("confidence {}", name(candidate.confidence)));
    if (candidate.reading) {
        const Sentences more = evidence_sentences(candidate.reading->evidence);
        sentences.insert(sentences.end(), more.begin(), more.end());
    }
    return sentences;
}

void write_candidates(ResultWriter &writer, std::span<const PlacedCandidate> rows, const Palette &palette)
{
    writer.list("candidates", "candidate");
    if (writer.wants_text() && !rows.empty())
        writer.text(candidate_heading());
    for (const PlacedCandidate &row : rows) {
        if (writer.wants_text())
            writer.text(candidate_text(row, palette));
        if (writer.wants_json())
            writer.row("candidates", candidate_json(row));
    }
}

std::string candidate_document(const PlacedCandidate &placed, const SourceInfo &source)
{
    Json json;
    json.set("source", {{"path", printable(source.path)}, {"kind", source.kind}});
    json.set("candidate", candidate_json(placed));
    return json.indented_text() + "\n";
}

}  // namespace pgregion::report
