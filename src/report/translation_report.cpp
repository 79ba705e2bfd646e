// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/translation_report.h"

#include "report/entry_report.h"

#include <nlohmann/json.hpp>

namespace pgregion::report
{

namespace
{

bool passes_through(const TranslationView &view)
{
    return view.lookup != nullptr && view.lookup->device &&
           view.lookup->device->translation.kind == TranslationKind::pass_through;
}

/// The fault of the directory, or else of the page tables.
std::optional<FaultReport> fault_of(const TranslationView &view)
{
    if (view.lookup != nullptr && view.lookup->fault)
        return FaultReport{*view.lookup->fault, std::nullopt};
    return view.result ? view.result->fault : std::nullopt;
}

std::string_view architecture(const TranslationView &view)
{
    if (view.format != nullptr)
        return view.format->architecture;
    return view.directory != nullptr ? view.directory->architecture : std::string_view{};
}

Json fault_json(const TranslationView &view)
{
    const auto report = fault_of(view);
    if (!report)
        return nullptr;
    return {{"architecture", architecture(view)},
            {"code", hex(report->fault.code)},
            {"name", report->fault.name},
            {"level", report->level ? Json(*report->level) : Json(nullptr)}};
}

PlacedEntry placed(const TranslationView &view, const WalkStep &step)
{
    return {view.format, step.table, step.level, step.index, step.iova, step.entry.access, step.entry};
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
            walk.push_back(entry_json(placed(view, step), pages));
    }
    return walk;
}

Json translation_json(const TranslationView &view, const PageMap &pages)
{
    const bool through = passes_through(view);
    const bool mapped = through || (view.result && view.result->mapped);
    Json json;
    json["iova"] = hex(view.iova.value());
    json["mapped"] = mapped;
    json["pa"] = nullptr;
    json["size"] = nullptr;
    json["access"] = nullptr;
    if (through) {
        json["pa"] = hex(view.iova.value());
    } else if (mapped) {
        json["pa"] = hex(view.result->pa.value());
        json["size"] = hex(std::uint64_t{1} << view.result->size_lg2);
        json["access"] = letters(view.result->access);
    }
    json["fault"] = fault_json(view);
    json["never_translated"] = view.result && view.result->never_translated;
    json["walk"] = walk_json(view, pages);
    return json;
}

std::string verdict_text(const TranslationView &view, const Palette &palette)
{
    std::string text = palette.strong(fmt::format("IOVA {}", hex(view.iova.value())));
    if (passes_through(view)) {
        append(text, " -> PA {}  (pass-through: the address is not translated)", hex(view.iova.value()));
    } else if (view.result && view.result->mapped) {
        append(text, " -> PA {}  ({} page, {})", hex(view.result->pa.value()),
               human_size(std::uint64_t{1} << view.result->size_lg2),
               view.result->access.empty() ? "no access" : letters(view.result->access));
    } else {
        text += ": not mapped";
    }
    if (const auto report = fault_of(view)) {
        append(text, "\n  {} {} fault {}: {}", palette.bad("FAULT"), architecture(view), hex(report->fault.code),
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
        const auto specs = view.format->fields(step.level, step.entry.kind);
        append(text, "  level {:<3} {:<13} {} [{:03}]  {:#018x}  {}  {}\n", step.level,
               view.format->entry_name(step.level), pages.describe(step.table), step.index, step.entry.raw,
               meaning(step.entry, pages), fields_text(specs, {&step.entry.raw, 1}, FieldsShown::set));
    }
    return text;
}

/// One directory is given at a time, so it is the first IOMMU.
constexpr std::uint32_t kOnlyUnit = 0;

Json device_json(const Device &device)
{
    const Translation &translation = device.translation;
    const bool tables = translation.format != nullptr;
    const auto name_of_device = bdf(device.id);
    Json json;
    json["id"] = device.id;
    json["bdf"] = name_of_device ? Json(*name_of_device) : Json(nullptr);
    json["pasid"] = device.pasid ? Json(*device.pasid) : Json(nullptr);
    json["rid_pasid"] = device.rid_pasid;
    json["unit"] = kOnlyUnit;
    json["domain_id"] = translation.domain_id;
    json["translation"] = name(translation.kind);
    json["format"] = tables ? Json(translation.format->name) : Json(nullptr);
    json["levels"] = translation.params.levels != 0 ? Json(translation.params.levels) : Json(nullptr);
    json["root"] = tables ? Json(hex(translation.root.value())) : Json(nullptr);
    return json;
}

std::string device_line(const Device &device, const PageMap &pages, const Palette &palette)
{
    const Translation &translation = device.translation;
    const bool tables = translation.format != nullptr;
    std::string kind = fmt::format("{:<12}", name(translation.kind));
    if (translation.kind == TranslationKind::invalid || translation.kind == TranslationKind::unprotected)
        kind = palette.bad(kind);
    else if (translation.kind == TranslationKind::pass_through)
        kind = palette.caution(kind);
    return fmt::format("{:<12}  {:>5}  {:>4}  {:>6}  {}  {:<7}  {:>6}  {}\n", device_name(device.id),
                       device.pasid ? std::to_string(*device.pasid) : "-", kOnlyUnit, translation.domain_id, kind,
                       tables ? translation.format->name : "-",
                       translation.params.levels != 0 ? std::to_string(translation.params.levels) : "-",
                       tables ? pages.describe(translation.root) : "-");
}

}  // namespace

bool succeeds(const TranslationView &view)
{
    return !fault_of(view) && (passes_through(view) || (view.result && view.result->mapped));
}

void write_translation(ResultWriter &writer, const TranslationView &view, const PageMap &pages, const Palette &palette)
{
    if (writer.wants_text())
        writer.text(verdict_text(view, palette) + steps_text(view, pages));
    if (writer.wants_json())
        writer.row("translations", translation_json(view, pages));
}

std::string device_heading() { return "DEVICE        PASID  UNIT  DOMAIN  TRANSLATION   FORMAT   LEVELS  ROOT\n"; }

void write_device(ResultWriter &writer, const Device &device, const PageMap &pages, const Palette &palette)
{
    if (writer.wants_text())
        writer.text(device_line(device, pages, palette));
    if (writer.wants_json())
        writer.row("devices", device_json(device));
}

}  // namespace pgregion::report
