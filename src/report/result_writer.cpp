// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/result_writer.h"

#include <algorithm>

namespace pgregion::report
{

namespace
{

Json guess_json(const GuessedReading &guess)
{
    Json json;
    json.set("format", guess.format);
    json.set("levels", guess.levels ? Json(*guess.levels) : Json(nullptr));
    json.set("parameters", guess.parameters);
    json.set("confidence", guess.confidence);
    return json;
}

Json source_json(const SourceInfo &source)
{
    Json json;
    json.set("path", source.path);
    json.set("kind", source.kind);
    json.set("offset", hex(source.offset));
    json.set("paddr", source.paddr ? Json(hex(source.paddr->value())) : Json(nullptr));
    json.set("paddr_origin", name(source.paddr_origin));
    if (source.guessed)
        json.set("guessed", guess_json(*source.guessed));
    if (!source.doubts.empty())
        json.set("doubts", source.doubts);
    return json;
}

Json tool_json(const std::string &version) { return {{"name", "pgregion"}, {"version", version}}; }

std::string join(const std::vector<std::string> &pieces)
{
    std::string joined;
    for (const std::string &piece : pieces) {
        joined += joined.empty() ? "" : ",";
        joined += piece;
    }
    return joined;
}

}  // namespace

/// One result under way: its values, and its lists as text that only wants brackets.
struct ResultWriter::Payload {
    struct List {
        std::string key;
        std::string record;
        std::string rows;
    };
    std::optional<SourceInfo> source;
    std::vector<std::pair<std::string, Json>> values;
    std::vector<List> lists;

    List &find(std::string_view key)
    {
        return *std::ranges::find_if(lists, [key](const List &list) { return list.key == key; });
    }

    [[nodiscard]] std::string document() const
    {
        std::vector<std::string> members;
        members.push_back("\"source\":" + (source ? source_json(*source) : Json()).text());
        for (const auto &[key, value] : values)
            members.push_back(Json(key).text() + ":" + value.text());
        for (const List &list : lists)
            members.push_back(Json(list.key).text() + ":[" + list.rows + "]");
        return "{" + join(members) + "}";
    }
};

ResultWriter::ResultWriter(ByteSink &sink, OutputMode mode, std::string command, std::string version)
    : sink_(sink), mode_(mode), command_(std::move(command)), version_(std::move(version))
{
}

ResultWriter::~ResultWriter() = default;

void ResultWriter::text(std::string_view text)
{
    if (mode_ == OutputMode::text)
        sink_.write(text);
}

void ResultWriter::begin(const SourceInfo *source)
{
    current_ = std::make_unique<Payload>();
    if (source != nullptr)
        current_->source = *source;
}

void ResultWriter::list(std::string_view key, std::string_view record)
{
    current_->lists.push_back({std::string(key), std::string(record), {}});
}

void ResultWriter::row(std::string_view key, const Json &row)
{
    if (!wants_json())
        return;
    Payload::List &list = current_->find(key);
    if (mode_ == OutputMode::json_lines) {
        write_line(list.record, row);
        return;
    }
    list.rows += list.rows.empty() ? "" : ",";
    list.rows += row.text();
}

void ResultWriter::put(std::string_view key, const Json &value)
{
    if (wants_json())
        current_->values.emplace_back(key, value);
}

void ResultWriter::put_bool(std::string_view key, bool value) { put(key, value); }

void ResultWriter::put_number(std::string_view key, std::uint64_t value) { put(key, value); }

void ResultWriter::put_text(std::string_view key, std::string_view value) { put(key, value); }

void ResultWriter::put_null(std::string_view key) { put(key, nullptr); }

void ResultWriter::put_texts(std::string_view key, std::span<const std::string> values)
{
    put(key, std::vector<std::string>(values.begin(), values.end()));
}

void ResultWriter::end()
{
    if (mode_ == OutputMode::json)
        results_.push_back(current_->document());
    if (mode_ == OutputMode::json_lines) {
        Json fields = Json::object();
        if (current_->source)
            fields.set("origin", source_json(*current_->source));
        for (const auto &[key, value] : current_->values)
            fields.set(key, value);
        write_line("result", fields);
    }
    current_.reset();
}

void ResultWriter::fail(const Error &error)
{
    const Json json{{"source", error.source().empty() ? Json(nullptr) : Json(error.source())},
                    {"code", error.code()},
                    {"message", error.what()},
                    {"hint", error.hint()}};
    errors_.push_back(json.text());
    if (mode_ == OutputMode::json_lines) {
        Json fields = json;
        fields.erase("source");
        current_ = std::make_unique<Payload>();
        if (!error.source().empty())
            current_->source.emplace().path = error.source();
        write_line("error", fields);
    }
    current_.reset();
}

void ResultWriter::finish(int exit_status)
{
    const std::string head = "\"schema_version\":" + std::to_string(kSchemaVersion) +
                             ",\"tool\":" + tool_json(version_).text() +
                             ",\"command\":" + (command_.empty() ? "null" : Json(command_).text()) +
                             ",\"exit_status\":" + std::to_string(exit_status);
    if (mode_ == OutputMode::json)
        sink_.write("{" + head + ",\"results\":[" + join(results_) + "],\"errors\":[" + join(errors_) + "]}\n");
    if (mode_ == OutputMode::json_lines)
        sink_.write("{\"source\":null,\"record\":\"summary\"," + head + ",\"errors\":[" + join(errors_) + "]}\n");
}

void ResultWriter::write_line(std::string_view record, const Json &fields)
{
    Json line;
    line.set("source", current_->source ? Json(current_->source->path) : Json(nullptr));
    line.set("record", record);
    line.update(fields);
    sink_.write(line.text() + "\n");
}

}  // namespace pgregion::report
