// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/translation_report.h"

#include "report/entry_report.h"

namespace pgregion::report
{

namespace
{

/// The translation of a device that has no tables and whose addresses go on as they are; null for any other.
const Translation *untranslated(const TranslationView &view)
{
    if (view.lookup == nullptr || !view.lookup->device)
        return nullptr;
    const Translation &translation = view.lookup->device->translation;
    const bool through =
        translation.kind == TranslationKind::pass_through || translation.kind == TranslationKind::unprotected;
    return through ? &translation : nullptr;
}

/// What the directory refuses before any table is read: a device's requests to execute.
std::optional<Fault> refused_early(const TranslationView &view)
{
    if (view.lookup == nullptr || !view.lookup->device)
        return std::nullopt;
    const Translation &translation = view.lookup->device->translation;
    const bool is_refused =
        translation.denied.cause == FaultCause::no_execute && !translation.access.allows(view.wanted);
    return is_refused ? std::optional(translation.denied) : std::nullopt;
}

/// The fault of the directory, or else of the page tables.
std::optional<FaultReport> fault_of(const TranslationView &view)
{
    if (view.lookup != nullptr && view.lookup->fault)
        return FaultReport{*view.lookup->fault, std::nullopt};
    if (const Translation *translation = untranslated(view); translation && !translation->access.allows(view.wanted))
        return FaultReport{translation->denied, std::nullopt};
    if (const auto fault = refused_early(view))
        return FaultReport{*fault, std::nullopt};
    return view.result ? view.result->fault : std::nullopt;
}

Json fault_json(const TranslationView &view)
{
    const auto report = fault_of(view);
    if (!report)
        return nullptr;
    return {{"architecture", view.architecture},
            {"code", hex(report->fault.code)},
            {"name", report->fault.name},
            {"level", report->level ? Json(*report->level) : Json(nullptr)}};
}

PlacedEntry placed(const WalkStep &step)
{
    return {step.format, &step.params, step.table, step.level, step.index, step.iova, step.entry.access, step.entry};
}

Json walk_json(const TranslationView &view, const PageMap &pages)
{
    Json walk = Json::array();
    if (view.lookup != nullptr) {
        for (const DirectoryStep &step : view.lookup->steps)
            walk.push_back(record_json(*view.directory, step, pages));
    }
    if (view.result) {
        for (const WalkStep &step : view.result->steps)
            walk.push_back(entry_json(placed(step), pages));
    }
    return walk;
}

Json translation_json(const TranslationView &view, const PageMap &pages)
{
    const Translation *through = untranslated(view);
    const bool mapped = through != nullptr || (view.result && view.result->mapped);
    Json json;
    json.set("iova", hex(view.iova.value()));
    json.set("mapped", mapped);
    json.set("pa", nullptr);
    json.set("size", nullptr);
    json.set("access", nullptr);
    if (through != nullptr) {
        json.set("pa", hex(view.iova.value()));
        json.set("access", letters(through->access));
    } else if (mapped) {
        json.set("pa", hex(view.result->pa.value()));
        json.set("size", hex(std::uint64_t{1} << view.result->size_lg2));
        json.set("access", letters(view.result->access));
    }
    json.set("fault", fault_json(view));
    json.set("never_translated", view.result && view.result->never_translated);
    json.set("walk", walk_json(view, pages));
    return json;
}

/// Arm stage 1 leaves without AP[1] give requests without privilege nothing, and are not for nobody.
std::string_view page_access(Access access)
{
    if (!access.empty())
        return letters(access);
    return access.is_supervisor_only() ? "for privileged requests alone" : "no access";
}

std::string verdict_text(const TranslationView &view, const Palette &palette)
{
    std::string text = palette.strong(fmt::format("IOVA {}", hex(view.iova.value())));
    if (const Translation *through = untranslated(view)) {
        append(text, " -> PA {}  ({}: the address is not translated)", hex(view.iova.value()), name(through->kind));
    } else if (view.result && view.result->mapped) {
        append(text, " -> PA {}  ({} page, {})", hex(view.result->pa.value()),
               human_size(std::uint64_t{1} << view.result->size_lg2), page_access(view.result->access));
    } else {
        text += ": not mapped";
    }
    if (const auto report = fault_of(view)) {
        append(text, "\n  {} {} fault {}: {}", palette.bad("FAULT"), view.architecture, hex(report->fault.code),
               report->fault.name);
        if (report->level)
            append(text, ", at level {}", *report->level);
    }
    if (view.result && view.result->never_translated)
        text += "\n  note: such a request is an interrupt message: hardware never translates it";
    return text + "\n";
}

std::string steps_text(const TranslationView &view, const PageMap &pages)
{
    std::string text;
    if (view.lookup != nullptr) {
        for (const DirectoryStep &step : view.lookup->steps) {
            const DirectoryTableType &type = view.directory->table_types[step.table.type];
            append(text, "  {:<9} {:<13} {} [{:03}]  {}\n", "", type.record_name, pages.describe(step.table.address),
                   step.index, meaning(*view.directory, step.record, pages));
        }
    }
    if (!view.result)
        return text;
    for (const WalkStep &step : view.result->steps) {
        const auto specs = step.format->fields(step.level, step.entry.kind, step.params);
        append(text, "  {} {:<3} {:<13} {} [{:03}]  {:#018x}  {}  {}\n", step.outer ? "outer" : "level", step.level,
               step.format->entry_name(step.level), pages.describe(step.table), step.index, step.entry.raw,
               meaning(step.entry, pages), fields_text(specs, {&step.entry.raw, 1}, FieldsShown::set));
    }
    return text;
}

/// The outer stage of a nested translation.
Json outer_json(const Stage &outer)
{
    if (outer.format == nullptr)
        return nullptr;
    return {{"format", outer.format->name}, {"levels", outer.params.levels}, {"root", hex(outer.root.value())}};
}

Json device_json(const UnitDevice &row)
{
    const Device &device = row.device;
    const Translation &translation = device.translation;
    const bool tables = translation.format != nullptr;
    const auto name_of_device = bdf(device.id);
    Json json;
    json.set("id", device.id);
    json.set("last_id", device.last_id);
    json.set("bdf", name_of_device ? Json(*name_of_device) : Json(nullptr));
    json.set("pasid", device.pasid ? Json(*device.pasid) : Json(nullptr));
    json.set("rid_pasid", device.rid_pasid);
    json.set("unit", row.unit);
    json.set("domain_id", translation.domain_id);
    json.set("translation", name(translation.kind));
    json.set("format", tables ? Json(translation.format->name) : Json(nullptr));
    json.set("levels", translation.params.levels != 0 ? Json(translation.params.levels) : Json(nullptr));
    json.set("root", tables ? Json(hex(translation.root.value())) : Json(nullptr));
    json.set("outer", outer_json(translation.outer));
    return json;
}

/// "00:02.0", or "00:02.0-00:ff.7" for devices that are alike.
std::string devices_text(const Device &device)
{
    const std::string first = device_name(device.id);
    return device.last_id == device.id ? first : first + "-" + device_name(device.last_id);
}

std::string root_text(const Translation &translation, const PageMap &pages)
{
    if (translation.outer.format == nullptr)
        return pages.describe(translation.root);
    return fmt::format("{} in the guest of {} root {}", hex(translation.root.value()), translation.outer.format->name,
                       pages.describe(translation.outer.root));
}

std::string device_line(const UnitDevice &row, const PageMap &pages, const Palette &palette)
{
    const Device &device = row.device;
    const Translation &translation = device.translation;
    const bool tables = translation.format != nullptr;
    std::string kind = fmt::format("{:<12}", name(translation.kind));
    if (translation.kind == TranslationKind::invalid || translation.kind == TranslationKind::unprotected)
        kind = palette.bad(kind);
    else if (translation.kind == TranslationKind::pass_through)
        kind = palette.caution(kind);
    return fmt::format("{:<12}  {:>5}  {:>4}  {:>6}  {}  {:<8}  {:>6}  {}\n", devices_text(device),
                       device.pasid ? std::to_string(*device.pasid) : "-", row.unit, translation.domain_id, kind,
                       tables ? translation.format->name : "-",
                       translation.params.levels != 0 ? std::to_string(translation.params.levels) : "-",
                       tables ? root_text(translation, pages) : "-");
}

}  // namespace

bool succeeds(const TranslationView &view)
{
    return !fault_of(view) && (untranslated(view) != nullptr || (view.result && view.result->mapped));
}

void write_translation(ResultWriter &writer, const TranslationView &view, const PageMap &pages, const Palette &palette)
{
    if (writer.wants_text())
        writer.text(verdict_text(view, palette) + steps_text(view, pages));
    if (writer.wants_json())
        writer.row("translations", translation_json(view, pages));
}

std::string requester_name(const UnitDevice &row)
{
    std::string text = row.device.last_id == row.device.id ? "device " : "devices ";
    text += devices_text(row.device);
    if (row.device.pasid)
        append(text, " PASID {}", *row.device.pasid);
    if (row.unit != 0)
        append(text, " of unit {}", row.unit);
    return text;
}

std::string device_heading() { return "DEVICE        PASID  UNIT  DOMAIN  TRANSLATION   FORMAT    LEVELS  ROOT\n"; }

void write_device(ResultWriter &writer, const UnitDevice &row, const PageMap &pages, const Palette &palette)
{
    if (writer.wants_text())
        writer.text(device_line(row, pages, palette));
    if (writer.wants_json())
        writer.row("devices", device_json(row));
}

}  // namespace pgregion::report
