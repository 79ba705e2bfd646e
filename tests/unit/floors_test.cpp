// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which floor may include which, and which libraries a floor may see. The floors keep the core usable without files,
// text or a terminal; nobody sees one bad include in review, so a test looks. Each rule is a function of a path and a
// text, tried on bad examples first: a check that cannot fail is worthless.
#include "unit/source_files.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

using Strings = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The folders of src/ that a file in a folder of src/ may include, itself among them.
const std::map<std::string, std::set<std::string>, std::less<>> kMayInclude = {
    {"base", {"base"}},
    {"formats", {"base", "formats", "region"}},
    {"region", {"base", "formats", "region"}},
    {"walk", {"base", "formats", "walk"}},
    {"check", {"base", "formats", "region", "walk", "check", "diff", "scan"}},
    {"diff", {"base", "formats", "region", "walk", "check", "diff", "scan"}},
    {"scan", {"base", "formats", "region", "walk", "check", "diff", "scan"}},
    {"handover", {"base", "formats", "region", "walk", "handover"}},
    {"edit", {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit"}},
    {"io", {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "io"}},
    {"text_form", {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "text_form"}},
    {"report", {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "report"}},
    {"cli/opening",
     {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "io", "report", "cli/opening"}},
    {"cli/session",
     {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "io", "report", "cli/opening",
      "cli/session"}},
    {"cli/checking",
     {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "io", "report", "cli/opening",
      "cli/session", "cli/checking"}},
    {"cli/writing",
     {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "io", "report", "cli/opening",
      "cli/session", "cli/writing"}},
    {"cli/commands",
     {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "io", "report", "text_form",
      "cli/opening", "cli/session", "cli/checking", "cli/writing", "cli/commands"}},
    {"cli/shell",
     {"base", "formats", "region", "walk", "check", "diff", "scan", "handover", "edit", "io", "report", "cli/opening",
      "cli/session", "cli/checking", "cli/writing", "cli/commands", "cli/shell"}},
};

/// The folder whose floor a public header belongs to.
const std::map<std::string, std::string, std::less<>> kFolderOfPublicHeader = {
    {"access.h", "formats"},     {"address.h", "base"},        {"error.h", "base"},       {"byte_sink.h", "base"},
    {"field.h", "formats"},      {"format.h", "formats"},      {"register.h", "formats"}, {"region.h", "region"},
    {"area.h", "region"},        {"area_check.h", "check"},    {"walk.h", "walk"},        {"mapping.h", "walk"},
    {"memory_source.h", "base"}, {"check.h", "check"},         {"diff.h", "diff"},        {"scan.h", "scan"},
    {"guess.h", "scan"},         {"handover.h", "handover"},   {"edit.h", "edit"},        {"open.h", "io"},
    {"report.h", "report"},      {"text_form.h", "text_form"}, {"faults.h", "formats"},   {"family.h", "formats"},
    {"finding.h", "check"},      {"problem.h", "walk"},
};

/// Standard headers that bring streams, files or text formatting; the core has none of these.
const std::set<std::string, std::less<>> kNotInCore = {
    "cstdio",   "expected", "filesystem", "format",     "fstream", "iomanip",   "ios",       "iosfwd",     "istream",
    "iostream", "ostream",  "print",      "spanstream", "sstream", "streambuf", "strstream", "syncstream",
};

bool starts_with_any(std::string_view text, const std::vector<std::string_view> &prefixes)
{
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return text.starts_with(prefix); });
}

/// The folder of src/ that a path such as "src/walk/walk.cpp" or "include/pgregion/walk.h" stands for; empty when
/// the tables above do not know it.
std::string folder_of(const std::string &path)
{
    static const std::string public_folder = "include/pgregion/";
    static const std::string private_folder = "src/";
    if (path.starts_with(public_folder)) {
        const auto found = kFolderOfPublicHeader.find(path.substr(public_folder.size()));
        return found == kFolderOfPublicHeader.end() ? "" : found->second;
    }
    const std::string rest = path.starts_with(private_folder) ? path.substr(private_folder.size()) : "";
    // A room below src/cli is a floor of its own.
    const std::size_t end = rest.starts_with("cli/") ? rest.find('/', 4) : rest.find('/');
    const std::string folder = rest.substr(0, end);
    return kMayInclude.contains(folder) ? folder : "";
}

/// Whether a file in `folder` may include the library header `name` ("vector", "boost/interprocess/…").
bool library_allowed(std::string_view folder, const std::string &name)
{
    static const std::set<std::string, std::less<>> kPrints = {"iostream", "print"};
    const bool plain_standard_name = name.find_first_of("./") == std::string::npos;
    if (starts_with_any(name, {"CLI/", "nlohmann/"}))
        return false;  // but for the files of library_allowed_here()
    if (folder.starts_with("cli/"))
        return true;
    if (folder == "io")
        return !name.starts_with("fmt/") && !kPrints.contains(name);
    if (folder == "report" || folder == "text_form")
        return name.starts_with("fmt/") ||
               (plain_standard_name && !kPrints.contains(name) && name != "fstream" && name != "filesystem");
    return plain_standard_name && !kNotInCore.contains(name);
}

/// Library headers that single files alone may include, whatever their floor: xxHash is compiled in whole, libfdt reads
/// flattened device trees; CLI11 and nlohmann-json cost ten and four seconds of every file that sees them.
bool library_allowed_here(const std::string &path, const std::string &name)
{
    static const std::map<std::string, std::string, std::less<>> kBegins = {
        {"src/edit/journal_sum.cpp", "xxhash.h"},
        {"src/handover/fdt.cpp", "libfdt.h"},
        {"src/cli/shell/parse.cpp", "CLI/"},
        {"src/report/json.cpp", "nlohmann/"},
        {"src/cli/shell/json_schema.cpp", "nlohmann/"},
    };
    const auto found = kBegins.find(path);
    return found != kBegins.end() && name.starts_with(found->second);
}

/// What is wrong with one include of the file `path` in `folder`; empty when nothing is. `quoted` tells "name"
/// from <name>.
std::string include_fault(const std::string &path, const std::string &name, bool quoted)
{
    const std::string folder = folder_of(path);
    const bool is_public = name.starts_with("pgregion/");
    if (!quoted && !is_public)
        return library_allowed(folder, name) || library_allowed_here(path, name)
                   ? ""
                   : "the floor " + folder + " does without this library";
    if (quoted && is_public)
        return "write a public header in angle brackets";
    if (quoted && path.starts_with("include/"))
        return "a public header is installed and cannot include a private one";
    const std::string target = folder_of(is_public ? "include/" + name : "src/" + name);
    if (target.empty())
        return is_public ? "name the floor of this public header in kFolderOfPublicHeader"
                         : "write a private header as \"folder/file.h\", seen from src/";
    return kMayInclude.find(folder)->second.contains(target) ? "" : folder + " may not include " + target;
}

/// Every include of `text` that breaks the floors, as "path:line: name: why". `path` is relative to the project.
Strings include_faults(const std::string &path, const std::string &text)
{
    static const std::regex kInclude(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*$)re");
    if (folder_of(path).empty())
        return {path + ": no floor known for this file; name its folder in kMayInclude or kFolderOfPublicHeader"};
    Strings faults;
    std::istringstream lines(text);
    std::string line;
    std::smatch match;
    for (int number = 1; std::getline(lines, line); ++number) {
        if (!std::regex_match(line, match, kInclude))
            continue;
        const std::string why = include_fault(path, match.str(2), match.str(1) == "\"");
        if (!why.empty())
            faults.push_back(path + ":" + std::to_string(number) + ": " + match.str(2) + ": " + why);
    }
    return faults;
}

TEST(FloorRules, AFileMayIncludeItsOwnFloorAndTheFloorsBelow)
{
    EXPECT_THAT(include_faults("src/formats/a.cpp", "#include \"base/bits.h\"\n#include \"formats/b.h\"\n"), IsEmpty());
    EXPECT_THAT(include_faults("src/edit/a.cpp", "#include <pgregion/check.h>\n#include \"scan/b.h\"\n"), IsEmpty());
    EXPECT_THAT(include_faults("include/pgregion/format.h", "#include <pgregion/address.h>\n#include <span>\n"),
                IsEmpty());
    EXPECT_THAT(
        include_faults("src/cli/opening/a.cpp", "#include <fmt/core.h>\n#include \"io/b.h\"\n#include <cstdio>\n"),
        IsEmpty());
}

TEST(FloorRules, AnIncludeOfAFloorAboveIsAFault)
{
    EXPECT_THAT(include_faults("src/base/a.h", "#include \"formats/b.h\"\n"),
                ElementsAre("src/base/a.h:1: formats/b.h: base may not include formats"));
    EXPECT_THAT(include_faults("src/walk/a.cpp", "\n#include <pgregion/check.h>\n"),
                ElementsAre("src/walk/a.cpp:2: pgregion/check.h: walk may not include check"));
    EXPECT_THAT(include_faults("src/scan/a.cpp", "#include <pgregion/edit.h>\n"),
                ElementsAre(HasSubstr("scan may not include edit")));
    EXPECT_THAT(include_faults("src/edit/a.cpp", "  #  include <pgregion/open.h> // why\n"),
                ElementsAre(HasSubstr("edit may not include io")));
    EXPECT_THAT(include_faults("include/pgregion/address.h", "#include <pgregion/walk.h>\n"),
                ElementsAre(HasSubstr("base may not include walk")));
}

TEST(FloorRules, TheWalkerDoesNotKnowTheRegion)
{
    EXPECT_THAT(include_faults("src/walk/a.cpp", "#include \"region/bitmap.h\"\n#include <pgregion/region.h>\n"),
                ElementsAre(HasSubstr("walk may not include region"), HasSubstr("walk may not include region")));
}

TEST(FloorRules, IoAndReportDoNotSeeEachOther)
{
    EXPECT_THAT(include_faults("src/io/a.cpp", "#include <pgregion/report.h>\n#include <fmt/core.h>\n"),
                ElementsAre(HasSubstr("io may not include report"), HasSubstr("does without")));
    EXPECT_THAT(include_faults("src/report/a.cpp", "#include \"io/b.h\"\n#include <boost/config.hpp>\n"),
                ElementsAre(HasSubstr("report may not include io"), HasSubstr("does without")));
    EXPECT_THAT(include_faults("src/report/a.cpp", "#include <unistd.h>\n#include <fstream>\n#include <CLI/CLI.hpp>\n"),
                testing::SizeIs(3));
}

TEST(FloorRules, TheCoreHasNoStreamsFilesTextOrSystemCalls)
{
    for (const char *name :
         {"iostream", "fstream", "sstream", "print", "filesystem", "cstdio", "fmt/format.h", "nlohmann/json.hpp",
          "CLI/CLI.hpp", "boost/config.hpp", "unistd.h", "sys/mman.h", "stdio.h"})
        EXPECT_THAT(
            include_faults("src/region/a.cpp", "#include <" + std::string(name) + ">\n"),
            ElementsAre("src/region/a.cpp:1: " + std::string(name) + ": the floor region does without this library"));
    EXPECT_THAT(include_faults("include/pgregion/edit.h", "#include <iostream>\n"), testing::SizeIs(1));
}

TEST(FloorRules, OneFileAloneSeesALibraryOfTheCore)
{
    EXPECT_THAT(include_faults("src/edit/journal_sum.cpp", "#include <xxhash.h>\n"), IsEmpty());
    EXPECT_THAT(include_faults("src/edit/journal.cpp", "#include <xxhash.h>\n"), testing::SizeIs(1));
    EXPECT_THAT(include_faults("src/edit/journal_sum.cpp", "#include <zlib.h>\n"), testing::SizeIs(1));
    EXPECT_THAT(include_faults("src/handover/fdt.cpp", "#include <libfdt.h>\n"), IsEmpty());
    EXPECT_THAT(include_faults("src/handover/kho.cpp", "#include <libfdt.h>\n"), testing::SizeIs(1));
}

TEST(FloorRules, SingleFilesAloneSeeTheLibrariesThatCostMostToCompile)
{
    EXPECT_THAT(include_faults("src/cli/shell/parse.cpp", "#include <CLI/CLI.hpp>\n"), IsEmpty());
    for (const char *path :
         {"src/cli/shell/parse.h", "src/cli/shell/help.cpp", "src/cli/commands/info.cpp", "src/cli/opening/options.h",
          "src/cli/session/session.cpp", "src/cli/writing/parse.cpp", "src/io/a.cpp", "src/report/a.cpp"})
        EXPECT_THAT(include_faults(path, "#include <CLI/App.hpp>\n"),
                    ElementsAre(HasSubstr(":1: CLI/App.hpp: the floor ")))
            << path;
    for (const char *path : {"src/report/json.cpp", "src/cli/shell/json_schema.cpp"})
        EXPECT_THAT(include_faults(path, "#include <nlohmann/json.hpp>\n"), IsEmpty());
    for (const char *path : {"src/report/json.h", "src/report/a.cpp", "src/text_form/a.cpp",
                             "src/cli/commands/info.cpp", "src/cli/shell/parse.cpp"})
        EXPECT_THAT(include_faults(path, "#include <nlohmann/json_fwd.hpp>\n"), testing::SizeIs(1)) << path;
}

TEST(FloorRules, TheRoomsOfTheCommandLineAreFloorsOfTheirOwn)
{
    EXPECT_THAT(include_faults("src/cli/commands/a.cpp",
                               "#include \"cli/writing/b.h\"\n#include \"cli/checking/b.h\"\n"
                               "#include \"cli/session/b.h\"\n#include \"cli/opening/b.h\"\n#include \"io/b.h\"\n"),
                IsEmpty());
    EXPECT_THAT(include_faults("src/cli/opening/a.cpp", "#include \"cli/session/b.h\"\n"),
                ElementsAre(HasSubstr("cli/opening may not include cli/session")));
    EXPECT_THAT(include_faults("src/cli/session/a.cpp", "#include \"cli/commands/b.h\"\n"),
                ElementsAre(HasSubstr("cli/session may not include cli/commands")));
    EXPECT_THAT(include_faults("src/cli/writing/a.cpp", "#include \"cli/checking/b.h\"\n"),
                ElementsAre(HasSubstr("cli/writing may not include cli/checking")));
    EXPECT_THAT(include_faults("src/cli/commands/a.cpp", "#include \"cli/shell/b.h\"\n"),
                ElementsAre(HasSubstr("cli/commands may not include cli/shell")));
    EXPECT_THAT(include_faults("src/cli/a.cpp", ""), ElementsAre(HasSubstr("no floor known")));
}

TEST(FloorRules, APublicHeaderCannotIncludeAPrivateOne)
{
    EXPECT_THAT(include_faults("include/pgregion/format.h", "#include \"base/bits.h\"\n"),
                ElementsAre(HasSubstr("cannot include a private one")));
}

TEST(FloorRules, AnIncludeOrFileThatTheTablesDoNotKnowIsAFault)
{
    EXPECT_THAT(include_faults("src/walk/a.cpp", "#include \"neighbour.h\"\n"),
                ElementsAre(HasSubstr("seen from src/")));
    EXPECT_THAT(include_faults("src/walk/a.cpp", "#include \"../base/bits.h\"\n"),
                ElementsAre(HasSubstr("seen from src/")));
    EXPECT_THAT(include_faults("src/walk/a.cpp", "#include <pgregion/new.h>\n"),
                ElementsAre(HasSubstr("kFolderOfPublicHeader")));
    EXPECT_THAT(include_faults("src/cli/opening/a.cpp", "#include \"pgregion/walk.h\"\n"),
                ElementsAre(HasSubstr("angle brackets")));
    EXPECT_THAT(include_faults("src/new/a.cpp", ""), ElementsAre(HasSubstr("no floor known")));
    EXPECT_THAT(include_faults("include/pgregion/new.h", ""), ElementsAre(HasSubstr("no floor known")));
}

TEST(FloorRules, ACommentedIncludeIsNoInclude)
{
    EXPECT_THAT(include_faults("src/base/a.h", "// #include <iostream>\n"), IsEmpty());
}

TEST(Tree, EveryIncludeObeysTheFloors)
{
    Strings faults;
    const std::vector<SourceFile> files = source_files({"include", "src"});
    EXPECT_GT(files.size(), 4U);
    for (const auto &[path, text] : files) {
        const Strings more = include_faults(path, text);
        faults.insert(faults.end(), more.begin(), more.end());
    }
    EXPECT_THAT(faults, IsEmpty());
}

}  // namespace
}  // namespace pgregion
