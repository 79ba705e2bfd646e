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
    json.set("paddr", hex(problem.at.value()));
    json.set("device", problem.device ? Json(handover_device_name(*problem.device)) : Json(nullptr));
    json.set("observed", hex(problem.observed));
    json.set("message", handover_problem_text(problem));
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
        writer.row("fdts", {{"paddr", hex(fdt.paddr.value())},
                            {"version", printable(fdt.version)},
                            {"taken", handover.fdt == fdt.paddr}});
    for (const HandoverRecord &record : handover.records)
        writer.row("records", record_json(record));
    for (const HandoverRoot &root : handover.roots)
        writer.row("roots", root_json(root));
    for (const HandoverProblem &problem : handover.problems)
        writer.row("problems", problem_json(problem));
    writer.put("fdt", hex_or_null(handover.fdt));
    writer.put("version", printable(handover.version));
    writer.put("preserved", json_of(verdict(handover)));
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
    writer.text(line + "\n");
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
    if (handover.roots.empty() && answer == true)
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
    writer.list("roots", "handover-root");
    writer.list("problems", "handover-problem");
    if (writer.wants_json())
        write_json(writer, report);
    if (!writer.wants_text())
        return;
    for (const HandoverRecord &record : report.handover.records)
        write_record(writer, record, palette);
    if (report.handover.deleted != 0)
        writer.text(fmt::format("{} left out\n", counted(report.handover.deleted, "deleted object")));
    for (const HandoverRoot &root : report.handover.roots)
        write_root(writer, root, report, palette);
    write_verdict(writer, report.handover, palette);
}

}  // namespace pgregion::report
