// SPDX-License-Identifier: GPL-2.0-or-later
//
// The JSON schema of everything that is printed, put together from a frame and one fragment per command, so that a new
// command is a new file. The build does it; the result is installed.
//
// A fragment says what is in one result of its command, as the report hands it to the writer of results:
//   "source"       false where a result is about no source
//   "description"  of one result
//   "values"       the single values: names of definitions that are objects, each with its keys
//   "rows"         the lists, each { "record": what a row is called with --json-lines, "keys": the definition of a row,
//                  "minItems": how many there are at least }
//   "$defs"        definitions of its own; those of the frame can be referred to, too
// All of them may be absent.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace pgregion::cli
{

/// Where the parts are kept, seen from the root of the project: frame.json and COMMAND.json.
inline constexpr const char *kSchemaFolder = "src/report/schema";

/// Texts by name: "frame", and a fragment by the name of its command.
using SchemaParts = std::map<std::string, std::string>;

/// The schema as text. Throws std::runtime_error which names the part: a command without a fragment, a fragment without
/// a command, one that is no such object, a name that is not defined, defined twice or not used, and two commands that
/// mean different rows by one record.
[[nodiscard]] std::string json_schema(const SchemaParts &parts, const std::vector<std::string> &commands);

}  // namespace pgregion::cli
