// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell/json_schema.h"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <string_view>

#include <nlohmann/json.hpp>

namespace pgregion::cli
{

namespace
{

using Library = nlohmann::ordered_json;
using Names = std::set<std::string, std::less<>>;

constexpr std::string_view kReference = "#/$defs/";

[[noreturn]] void refuse(const std::string &part, const std::string &why)
{
    throw std::runtime_error(std::string(kSchemaFolder) + "/" + part + ".json " + why);
}

Library reference(const std::string &name) { return Library::object({{"$ref", std::string(kReference) + name}}); }

/// {"properties": {key: schema}}
Library with_property(const std::string &key, Library schema)
{
    Library property = Library::object();
    property[key] = std::move(schema);
    return Library::object({{"properties", std::move(property)}});
}

/// "if" the key has this value, "then" that.
Library where(const std::string &key, const std::string &value, Library then)
{
    return Library::object(
        {{"if", with_property(key, Library::object({{"const", value}}))}, {"then", std::move(then)}});
}

/// Adds what is referred to anywhere in `schema`.
void collect_references(const Library &schema, Names &names)
{
    if (schema.is_object() && schema.contains("$ref")) {
        const auto target = schema.at("$ref").get<std::string>();
        names.insert(target.starts_with(kReference) ? target.substr(kReference.size()) : target);
    }
    if (schema.is_structured()) {
        for (const Library &part : schema)
            collect_references(part, names);
    }
}

template <std::size_t N>
void expect_known_keys(const std::string &part, const Library &object, const std::array<std::string_view, N> &known)
{
    for (const auto &[key, value] : object.items()) {
        if (std::ranges::find(known, key) == known.end())
            refuse(part, "has a key that means nothing here: " + key);
    }
}

class Schema
{
public:
    explicit Schema(Library frame) : schema_(std::move(frame))
    {
        for (const auto &[name, definition] : definitions().items())
            shared_.insert(name);
    }

    void add(const std::string &command, const Library &fragment)
    {
        static constexpr std::array<std::string_view, 5> kKeys{"source", "description", "values", "rows", "$defs"};
        expect_known_keys(command, fragment, kKeys);
        for (const char *key : {"rows", "$defs"}) {
            if (fragment.contains(key) && !fragment.at(key).is_object())
                refuse(command, std::string("has something else than an object as ") + key);
        }
        add_definitions(command, fragment);
        definitions().at("command").at("enum").push_back(command);
        const std::string result = "result_" + command;
        definitions()[result] = result_of(fragment);
        Library results = with_property("results", Library::object({{"items", reference(result)}}));
        definitions().at("document").at("allOf").push_back(where("command", command, std::move(results)));
        add_line(fragment);
        const Library rows = rows_of(fragment);
        for (const Library &row : rows)
            add_record(command, row);
    }

    [[nodiscard]] std::string text() const { return schema_.dump(2) + "\n"; }

private:
    [[nodiscard]] Library &definitions() { return schema_.at("$defs"); }

    static Library rows_of(const Library &fragment) { return fragment.value("rows", Library::object()); }

    /// The frame's definition of what a result is about, and those of its values.
    static Library parts_of(const Library &fragment, const std::string &prefix)
    {
        Library parts = Library::array({reference(prefix + (fragment.value("source", true) ? "source" : "nothing"))});
        for (const std::string &name : fragment.value("values", std::vector<std::string>()))
            parts.push_back(reference(name));
        return parts;
    }

    static Library result_of(const Library &fragment)
    {
        Library result = Library::object();
        if (fragment.contains("description"))
            result["description"] = fragment.at("description");
        result["allOf"] = parts_of(fragment, "of_");
        const Library rows = rows_of(fragment);
        for (const auto &[list, row] : rows.items()) {
            Library items = reference(row.at("keys").get<std::string>());
            items["unevaluatedProperties"] = false;
            Library &schema = result["properties"][list];
            schema = Library::object({{"type", "array"}, {"items", std::move(items)}});
            if (row.contains("minItems"))
                schema["minItems"] = row.at("minItems");
            result["required"].push_back(list);
        }
        result["unevaluatedProperties"] = false;
        return result;
    }

    /// The record "result" of a line: the values without the rows.
    void add_line(const Library &fragment)
    {
        Library values = Library::object({{"allOf", parts_of(fragment, "line_of_")}, {"unevaluatedProperties", false}});
        Library &all = definitions().at("line_result").at("anyOf");
        if (std::ranges::find(all, values) == all.end())
            all.push_back(std::move(values));
    }

    void add_record(const std::string &command, const Library &row)
    {
        static constexpr std::array<std::string_view, 3> kKeys{"record", "keys", "minItems"};
        expect_known_keys(command, row, kKeys);
        const auto record = row.at("record").get<std::string>();
        const auto keys = row.at("keys").get<std::string>();
        const auto [known, added] = keys_of_record_.emplace(record, keys);
        if (!added && known->second != keys)
            refuse(command, "has other keys for the record " + record + " than another command: " + keys);
        if (!added)
            return;
        Library &line = definitions().at("line");
        line.at("properties").at("record").at("enum").push_back(record);
        line.at("allOf").push_back(where("record", record, reference(keys)));
    }

    /// Takes the fragment's definitions in. Every name that the fragment refers to is its own or the frame's, and it uses
    /// all of its own.
    void add_definitions(const std::string &command, const Library &fragment)
    {
        const Library own = fragment.value("$defs", Library::object());
        Names used;
        collect_references(own, used);
        collect_references(result_of(fragment), used);
        for (const std::string &name : used) {
            if (!own.contains(name) && !shared_.contains(name))
                refuse(command, "refers to " + name + ", which is defined neither there nor in frame.json");
        }
        for (const auto &[name, definition] : own.items()) {
            if (!used.contains(name))
                refuse(command, "defines " + name + " and does not use it");
            if (definitions().contains(name))
                refuse(command, "defines " + name + ", which is defined already");
            definitions()[name] = definition;
        }
    }

    Library schema_;
    Names shared_;
    std::map<std::string, std::string> keys_of_record_;
};

/// What `work` does with a part; where the library finds it to be of another shape, the part is named.
template <class Work>
auto about_part(const std::string &part, Work work)
{
    try {
        return work();
    } catch (const Library::exception &error) {
        refuse(part, std::string("is not as it should be: ") + error.what());
    }
}

}  // namespace

std::string json_schema(const SchemaParts &parts, const std::vector<std::string> &commands)
{
    const auto parsed = [&parts](const std::string &part) {
        const auto found = parts.find(part);
        if (found == parts.end())
            refuse(part, "is missing: each command has a fragment of that name");
        return Library::parse(found->second);
    };
    for (const auto &[part, text] : parts) {
        if (part != "frame" && std::ranges::find(commands, part) == commands.end())
            refuse(part, "belongs to no command: it is the name of none");
    }
    Schema schema = about_part("frame", [&] { return Schema(parsed("frame")); });
    for (const std::string &command : commands)
        about_part(command, [&] { schema.add(command, parsed(command)); });
    return schema.text();
}

}  // namespace pgregion::cli
