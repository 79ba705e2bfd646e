// SPDX-License-Identifier: GPL-2.0-or-later
//
// The shape of single files: how long one may be, its first line, and names that none may take. Each rule is a function
// of a path and a text, tried on bad examples first: a check that cannot fail is worthless.
#include "unit/source_files.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace pgregion
{
namespace
{

using Strings = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Files over 400 lines that may stay so, and why.
const std::map<std::string, std::string, std::less<>> kLongFiles = {};

constexpr std::size_t kMostLines = 400;

/// Inside pgregion a folder or namespace called fmt would hide the library of that name.
Strings name_faults(const std::string &path, const std::string &text)
{
    static const std::regex kNamespace(R"re((^|\n)\s*(inline\s+)?namespace\s+(\w+\s*::\s*)*fmt\b)re");
    Strings faults;
    if (("/" + path).find("/fmt/") != std::string::npos)
        faults.push_back(path + ": a folder called fmt");
    if (std::regex_search(text, kNamespace))
        faults.push_back(path + ": a namespace called fmt");
    return faults;
}

/// A file that is too long without a reason, or has a reason that it no longer needs.
Strings length_faults(const std::string &path, const std::string &text, bool excused)
{
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    if (lines > kMostLines && !excused)
        return {path + ": " + std::to_string(lines) + " lines; split it, or give a reason in kLongFiles"};
    if (lines <= kMostLines && excused)
        return {path + ": short enough now; take it out of kLongFiles"};
    return {};
}

Strings licence_faults(const std::string &path, const std::string &text)
{
    return text.starts_with("// SPDX-License-Identifier: GPL-2.0-or-later\n") ? Strings{}
                                                                              : Strings{path + ": no licence line"};
}

void append(Strings &to, const Strings &more) { to.insert(to.end(), more.begin(), more.end()); }

TEST(FileRules, AFolderOrNamespaceCalledFmtIsAFault)
{
    EXPECT_THAT(name_faults("src/report/fmt/a.h", ""), ElementsAre(HasSubstr("folder")));
    EXPECT_THAT(name_faults("src/report/a.h", "int a;\nnamespace pgregion::fmt\n{\n"),
                ElementsAre(HasSubstr("namespace")));
    EXPECT_THAT(name_faults("src/report/a.h", "namespace fmt {"), ElementsAre(HasSubstr("namespace")));
    EXPECT_THAT(name_faults("src/report/a.h", "template <> struct fmt::formatter<Iova>;\nnamespace fmtx {}\n"),
                IsEmpty());
}

TEST(FileRules, AFileOverFourHundredLinesNeedsAReason)
{
    EXPECT_THAT(length_faults("a.cpp", std::string(400, '\n'), false), IsEmpty());
    EXPECT_THAT(length_faults("a.cpp", std::string(401, '\n'), false), ElementsAre(HasSubstr("401 lines")));
    EXPECT_THAT(length_faults("a.cpp", std::string(401, '\n'), true), IsEmpty());
    EXPECT_THAT(length_faults("a.cpp", std::string(400, '\n'), true), ElementsAre(HasSubstr("take it out")));
}

TEST(FileRules, AFileWithoutTheLicenceLineIsAFault)
{
    EXPECT_THAT(licence_faults("a.h", "#pragma once\n"), ElementsAre("a.h: no licence line"));
    EXPECT_THAT(licence_faults("a.h", "// SPDX-License-Identifier: GPL-2.0-or-later\n//\n"), IsEmpty());
}

TEST(Tree, NoFolderOrNamespaceIsCalledFmt)
{
    Strings faults;
    for (const auto &[path, text] : source_files({"include", "src"}))
        append(faults, name_faults(path, text));
    EXPECT_THAT(faults, IsEmpty());
}

TEST(Tree, NoSourceFileIsTooLong)
{
    Strings faults;
    std::set<std::string, std::less<>> seen;
    for (const auto &[path, text] : source_files({"include", "src", "tests"})) {
        seen.insert(path);
        append(faults, length_faults(path, text, kLongFiles.contains(path)));
    }
    for (const auto &[path, reason] : kLongFiles)
        EXPECT_TRUE(seen.contains(path) && !reason.empty()) << path << " in kLongFiles: no such file, or no reason";
    EXPECT_THAT(faults, IsEmpty());
}

TEST(Tree, EverySourceFileNamesItsLicence)
{
    Strings faults;
    for (const auto &[path, text] : source_files({"include", "src", "tests"}))
        append(faults, licence_faults(path, text));
    EXPECT_THAT(faults, IsEmpty());
}

}  // namespace
}  // namespace pgregion
