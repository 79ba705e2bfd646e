// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/handover_report.h"

#include <algorithm>

namespace pgregion::report
{

namespace
{

constexpr std::size_t kDevicesShown = 4;

std::string text_of(const HandoverField &field)
{
    switch (field.kind) {
    case HandoverFieldKind::number:
        return std::to_string(field.value);
    case HandoverFieldKind::word:
        return hex(field.value);
    case HandoverFieldKind::text:
        break;
    }
    return printable(field.text);
}

/// Numbers as such; words of bits and texts as text.
Json json_of(const HandoverField &field)
{
    return field.kind == HandoverFieldKind::number ? Json(field.value) : Json(text_of(field));
}

Json json_of(const std::optional<bool> &preserved) { return preserved ? Json(*preserved) : Json(nullptr); }

Json hex_or_null(const std::optional<PhysAddr> &address)
{
    return address ? Json(hex(address->value())) : Json(nullptr);
}

Json record_json(const HandoverRecord &record)
{
    Json fields = Json::object();
    for (const HandoverField &field : record.fields)
        fields.set(field.name, json_of(field));
    Json json;
    json.set("kind", record.kind);
    json.set("version", record.version.empty() ? Json(nullptr) : Json(printable(record.version)));
    json.set("paddr", hex_or_null(record.paddr));
    json.set("depth", record.depth);
    json.set("preserved", json_of(record.preserved));
    json.set("decoded", record.decoded);
    json.set("fields", std::move(fields));
    return json;
}

std::string_view format_name(const HandoverRoot &root)
{
    if (root.directory != nullptr)
        return root.directory->name;
    return root.format != nullptr ? root.format->name : std::string_view();
}

/// The parameters of a directory that are not for the guess of others: "mode=scalable".
std::string parameters_text(const HandoverRoot &root)
{
    std::string text;
    if (root.directory == nullptr)
        return text;
    for (std::size_t i = 0; i < root.directory->parameters.size(); ++i) {
        const ParameterSpec &spec = root.directory->parameters[i];
        append(text, "{}{}={}", text.empty() ? "" : ",", spec.key, choice_name(spec, root.params.value.at(i)));
    }
    return text;
}

Json root_json(const HandoverRoot &root)
{
    Json devices = Json::array();
    for (const HandoverDevice &device : root.devices)
        devices.push_back(handover_device_name(device));
    const std::string_view format = format_name(root);
    Json json;
    json.set("paddr", hex(root.paddr.value()));
    json.set("format", format.empty() ? Json(nullptr) : Json(format));
    json.set("levels", root.levels == 0 ? Json(nullptr) : Json(root.levels));
    json.set("device", root.devices.empty() ? Json(nullptr) : Json(handover_device_name(root.devices.front())));
    json.set("devices", std::move(devices));
    json.set("parameters", parameters_text(root).empty() ? Json(nullptr) : Json(parameters_text(root)));
    json.set("record_index", root.record);
    json.set("preserved", json_of(root.preserved));
    json.set("first_lost", hex_or_null(root.first_lost));
    json.set("lost", root.lost);
    json.set("tables", root.tables);
    json.set("leaves", root.leaves);
    json.set("translations", root.translations);
    return json;
}

Json problem_json(const HandoverProblem &problem)
{
    Json json;
    json.set("code", code(problem.kind));
    json.set("paddr", hex_or_null(problem.at));
    json.set("device", problem.device ? Json(handover_device_name(*problem.device)) : Json(nullptr));
    json.set("observed", hex(problem.observed));
    json.set("message", handover_problem_text(problem));
    return json;
}

Json number_or_null(const std::optional<std::uint64_t> &number) { return number ? Json(*number) : Json(nullptr); }

Json fdt_json(const HandoverFdt &fdt, bool taken)
{
    Json copies = Json::array();
    for (const PhysAddr copy : fdt.copies)
        copies.push_back(hex(copy.value()));
    Json json;
    json.set("paddr", hex(fdt.paddr.value()));
    json.set("version", printable(fdt.version));
    json.set("taken", taken);
    json.set("role", word(fdt.role).empty() ? Json(nullptr) : Json(word(fdt.role)));
    json.set("copies", std::move(copies));
    json.set("liveupdate_number", number_or_null(fdt.liveupdate_number));
    json.set("kexec_count", number_or_null(fdt.kexec_count));
    json.set("tracker_consumed", fdt.tracker_consumed);
    json.set("head_lost", fdt.head_lost);
    json.set("pending", fdt.pending);
    json.set("unread", fdt.unread.empty() ? Json(nullptr) : Json(printable(fdt.unread)));
    return json;
}

Json pages_json(const HandoverPages &pages)
{
    Json json;
    json.set("record_index", pages.record);
    json.set("index", pages.index);
    json.set("paddr", hex(pages.paddr.value()));
    json.set("pages", pages.pages);
    json.set("flags", pages.flags);
    json.set("preserved", json_of(pages.preserved));
    return json;
}

Json order_json(const PreservedOrder &order)
{
    Json json;
    json.set("order", order.order);
    json.set("keys", order.keys);
    return json;
}

Json range_json(const Range<PhysAddr> &range)
{
    Json json;
    json.set("paddr", hex(range.first.value()));
    json.set("bytes", range.size);
    return json;
}

/// Whether all is preserved: no where one thing is not, nothing where one cannot be told.
std::optional<bool> verdict(const Handover &handover)
{
    if (handover.broken())
        return false;
    return handover.proved() ? std::optional(true) : std::nullopt;
}

void write_json(ResultWriter &writer, const HandoverReport &report)
{
    const Handover &handover = report.handover;
    for (const HandoverFdt &fdt : report.fdts)
        writer.row("fdts", fdt_json(fdt, handover.fdt == fdt.paddr));
    for (const HandoverRecord &record : handover.records)
        writer.row("records", record_json(record));
    for (const HandoverPages &pages : handover.pages)
        writer.row("pages", pages_json(pages));
    for (const PreservedOrder &order : handover.preserved_memory.orders)
        writer.row("orders", order_json(order));
    for (const Range<PhysAddr> &range : handover.preserved_memory.ranges)
        writer.row("memory", range_json(range));
    for (const HandoverRoot &root : handover.roots)
        writer.row("roots", root_json(root));
    for (const HandoverProblem &problem : handover.problems)
        writer.row("problems", problem_json(problem));
    writer.put("fdt", hex_or_null(handover.fdt));
    writer.put("version", printable(handover.version));
    writer.put("preserved", json_of(verdict(handover)));
    writer.put("preserved_pages", handover.preserved_memory.counted ? Json(handover.preserved_memory.pages) : Json());
    writer.put_bool("pending", handover.pending);
    writer.put_number("deleted", handover.deleted);
    writer.put_bool("incomplete", handover.incomplete());
    writer.put_number("problem_count", handover.problem_count);
    writer.put_bool("truncated", handover.truncated());
}

void write_record(ResultWriter &writer, const HandoverRecord &record, const Palette &palette)
{
    std::string line = fmt::format("{:{}}{}", "", std::size_t{2} * record.depth, palette.strong(record.kind));
    if (!record.version.empty())
        append(line, " {}", printable(record.version));
    if (record.paddr)
        append(line, " at {}", hex(record.paddr->value()));
    for (const HandoverField &field : record.fields)
        append(line, "  {}={}", field.name, text_of(field));
    if (record.preserved == false)
        line += "  " + palette.bad("NOT PRESERVED");
    if (!record.decoded)
        line += "  " + palette.caution("(not known, not read)");
    writer.text(line + "\n");
}

/// The pages of one file below its record, as far as a reader takes them in.
void write_pages(ResultWriter &writer, std::span<const HandoverPages> pages, const HandoverRecord &record)
{
    constexpr std::size_t kShown = 4;
    const std::string indent(std::size_t{2} * record.depth + 2, ' ');
    for (const HandoverPages &run : pages.first(std::min(pages.size(), kShown)))
        writer.text(fmt::format("{}page {} at {}  {}{}\n", indent, run.index, hex(run.paddr.value()),
                                counted(run.pages, "page"), run.preserved == false ? "  NOT PRESERVED" : ""));
    if (pages.size() > kShown)
        writer.text(fmt::format("{}and {} more pieces of the file; --json lists all\n", indent, pages.size() - kShown));
}

void write_records(ResultWriter &writer, const Handover &handover, const Palette &palette)
{
    std::span<const HandoverPages> pages(handover.pages);
    for (std::size_t i = 0; i < handover.records.size(); ++i) {
        write_record(writer, handover.records[i], palette);
        const auto is_of = [i](const HandoverPages &run) { return run.record == i; };
        const auto own = static_cast<std::size_t>(std::ranges::find_if_not(pages, is_of) - pages.begin());
        write_pages(writer, pages.first(own), handover.records[i]);
        pages = pages.subspan(own);
    }
}

/// "incoming, kexec count 1, tracker overwritten, LUO data gone, also at 0x81c2000".
std::string state_text(const HandoverFdt &fdt)
{
    std::string text(word(fdt.role));
    const auto add = [&text](const std::string &more) { text += (text.empty() ? "" : ", ") + more; };
    if (fdt.liveupdate_number)
        add(fmt::format("live update {}", *fdt.liveupdate_number));
    if (fdt.kexec_count)
        add(fmt::format("kexec count {}", *fdt.kexec_count));
    if (fdt.tracker_consumed)
        add("tracker overwritten");
    if (fdt.head_lost)
        add("LUO data lost");
    if (fdt.pending)
        add("sessions and FLBs not written yet");
    if (!fdt.unread.empty())
        add("not read");
    constexpr std::size_t kShown = 8;
    for (std::size_t i = 0; i < std::min(fdt.copies.size(), kShown); ++i)
        add((i == 0 ? "also at " : "") + hex(fdt.copies[i].value()));
    if (fdt.copies.size() > kShown)
        add(fmt::format("{} more copies", fdt.copies.size() - kShown));
    return text;
}

/// All that were found, where there is more to say than the one that is shown.
void write_fdts(ResultWriter &writer, const HandoverReport &report)
{
    const bool alone = report.fdts.size() == 1 && report.fdts.front().copies.empty();
    if (report.fdts.empty() || alone)
        return;
    for (const HandoverFdt &fdt : report.fdts) {
        const bool taken = report.handover.fdt == fdt.paddr;
        writer.text(fmt::format("KHO FDT {}  {}  {}{}\n", hex(fdt.paddr.value()), printable(fdt.version),
                                state_text(fdt), taken ? "; shown here" : ""));
        if (!taken && report.next.can_be_named())
            writer.text(
                fmt::format("  next  {} --fdt {}\n", next_on_source("handover", report.next), hex(fdt.paddr.value())));
    }
}

std::string devices_text(const HandoverRoot &root)
{
    std::string text;
    for (const HandoverDevice &device : std::span(root.devices).first(std::min(root.devices.size(), kDevicesShown)))
        text += (text.empty() ? "" : ", ") + handover_device_name(device);
    if (root.devices.size() > kDevicesShown)
        append(text, " and {} more", root.devices.size() - kDevicesShown);
    return text.empty() ? "no device" : text;
}

std::string proof_text(const HandoverRoot &root, const Palette &palette)
{
    const std::string tables = counted(root.tables, "page") + " of tables";
    if (root.preserved == false)
        return palette.bad(fmt::format("NOT PRESERVED: {} of {}, first {}", root.lost, tables,
                                       hex(root.first_lost.value_or(root.paddr).value())));
    if (root.preserved)
        return palette.good("preserved: " + tables);
    return palette.caution("cannot be proved: " + tables + " seen");
}

void write_root(ResultWriter &writer, const HandoverRoot &root, const HandoverReport &report, const Palette &palette)
{
    std::string how(format_name(root).empty() ? "unknown format" : format_name(root));
    if (root.levels != 0)
        append(how, ", {} levels", root.levels);
    if (const std::string parameters = parameters_text(root); !parameters.empty())
        append(how, ", {}", parameters);
    writer.text(fmt::format("root {}  {}  {}\n", hex(root.paddr.value()), how, devices_text(root)));
    std::string counts = counted(root.leaves, root.leaves == 1 ? "leaf" : "leave");
    if (root.directory != nullptr)
        counts = counted(root.translations, "translation");
    writer.text(fmt::format("  {}, {}\n", proof_text(root, palette), counts));
    const NextCommand next = next_command(root);
    if (!next.command.empty() && report.next.can_be_named())
        writer.text(fmt::format("  next  {} {}\n", next_on_source(next.command, report.next), next.options));
}

void write_verdict(ResultWriter &writer, const Handover &handover, const Palette &palette)
{
    const std::optional<bool> answer = verdict(handover);
    if (handover.pending && answer != false)
        writer.text(palette.caution("not proved: sessions and FLBs are not written before the kernel goes down") +
                    "\n");
    else if (handover.roots.empty() && answer == true)
        writer.text("no roots: nothing of an IOMMU is handed over\n");
    else if (answer == false)
        writer.text(palette.bad("LOST: the next kernel will use memory that this hand-over needs") + "\n");
    else if (answer == true)
        writer.text(palette.good("proved: every table lies in preserved pages") + "\n");
    else
        writer.text(palette.caution("not proved: see the warnings") + "\n");
}

}  // namespace

std::string handover_device_name(const HandoverDevice &device)
{
    return fmt::format("{:04x}:{:02x}:{:02x}.{}", device.pci_domain, device.id >> 8, (device.id >> 3) & 0x1f,
                       device.id & 7);
}

NextCommand next_command(const HandoverRoot &root)
{
    if (root.directory != nullptr)
        return {"devices", fmt::format("--format {} --param {} --root {}", root.directory->name, parameters_text(root),
                                       hex(root.paddr.value()))};
    if (root.format != nullptr)
        return {"mappings", fmt::format("--format {} --levels {} --root {}", root.format->name, root.levels,
                                        hex(root.paddr.value()))};
    return {};
}

void write_handover(ResultWriter &writer, const HandoverReport &report, const Palette &palette)
{
    writer.list("fdts", "handover-fdt");
    writer.list("records", "handover-record");
    writer.list("pages", "handover-pages");
    writer.list("orders", "handover-order");
    writer.list("memory", "handover-memory");
    writer.list("roots", "handover-root");
    writer.list("problems", "handover-problem");
    if (writer.wants_json())
        write_json(writer, report);
    if (!writer.wants_text())
        return;
    write_fdts(writer, report);
    write_records(writer, report.handover, palette);
    if (report.handover.deleted != 0)
        writer.text(fmt::format("{} left out\n", counted(report.handover.deleted, "deleted object")));
    for (const HandoverRoot &root : report.handover.roots)
        write_root(writer, root, report, palette);
    write_verdict(writer, report.handover, palette);
}

}  // namespace pgregion::report
