// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/area_case.h"

#include "support/check_case.h"
#include "support/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace pgregion::test
{

namespace
{

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

fs::path folder() { return fs::path(source_tree()) / "tests" / "cases"; }

Words words_of(const std::string &line)
{
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

std::uint64_t number(const std::string &text)
{
    std::size_t used = 0;
    const std::uint64_t value = std::stoull(text, &used, 0);
    if (used != text.size())
        throw std::runtime_error("'" + text + "' is no number");
    return value;
}

/// "vms" and "guest" of "vms/guest".
std::pair<std::string, std::string> split(const std::string &path)
{
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos)
        return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

void damage_inode(AreaImage &area, const Words &words)
{
    const auto inode = static_cast<std::uint32_t>(number(words.at(1)));
    const std::string &field = words.at(2);
    constexpr std::size_t kNameBytes = 255;
    if (field == "name")
        area.set_name(inode, words.size() > 3 ? words[3] : "");
    else if (field == "name-full")
        area.set_name(inode, std::string(kNameBytes, 'x'));
    else if (field == "flags")
        area.set_inode(inode, AreaField::flags, number(words.at(3)));
    else if (field == "sibling")
        area.set_inode(inode, AreaField::sibling, number(words.at(3)));
    else if (field == "child")
        area.set_inode(inode, AreaField::child, number(words.at(3)));
    else if (field == "block")
        area.set_inode(inode, AreaField::block, number(words.at(3)));
    else if (field == "mappings")
        area.set_inode(inode, AreaField::mappings, number(words.at(3)));
    else
        throw std::runtime_error("unknown field '" + field + "'");
}

bool kernel_step(AreaImage &area, const Words &words)
{
    const std::string &key = words.at(0);
    if (key == "boot")
        area.boot();
    else if (key == "domain")
        area.add_domain(words.at(1));
    else if (key == "directory")
        area.add_directory(split(words.at(1)).first, split(words.at(1)).second);
    else if (key == "file")
        area.add_file(split(words.at(1)).first, split(words.at(1)).second, number(words.at(2)));
    else if (key == "remove")
        area.remove(words.at(1));
    else if (key == "region")
        area.put_region(words.at(1), read_healthy_image(words.at(2)).bytes);
    else
        return false;
    return true;
}

bool damage_step(AreaImage &area, const Words &words)
{
    const std::string &key = words.at(0);
    if (key == "inode")
        damage_inode(area, words);
    else if (key == "next-free")
        area.set_next_free(number(words.at(1)));
    else if (key == "bit")
        area.set_bit(number(words.at(1)), words.at(2) == "set" ? 1 : 0);
    else if (key == "word")
        area.put64(number(words.at(1)), number(words.at(2)));
    else
        return false;
    return true;
}

void take_line(AreaCase &one, const std::string &line)
{
    const Words words = words_of(line);
    if (words.empty())
        return;
    const std::string rest = line.substr(std::min(line.size(), words[0].size() + 1));
    if (words[0] == "#")
        one.title = one.title.empty() ? rest : one.title;
    else if (words[0] == "blocks")
        one.area.emplace(number(words.at(1)));
    else if (words[0] == "options")
        one.options.assign(words.begin() + 1, words.end());
    else if (words[0] == "expect")
        one.expect.push_back(rest);
    else if (!one.area)
        throw std::runtime_error("'blocks' comes first");
    else if (!kernel_step(*one.area, words) && !damage_step(*one.area, words))
        throw std::runtime_error("unknown word '" + words[0] + "'");
}

}  // namespace

AreaCase read_area_case(const std::string &name)
{
    const fs::path path = folder() / (name + ".area");
    std::ifstream stream(path);
    AreaCase one;
    one.code = path.parent_path().filename().string();
    std::size_t count = 0;
    for (std::string line; std::getline(stream, line);) {
        ++count;
        try {
            take_line(one, line);
        } catch (const std::exception &error) {
            throw std::runtime_error(path.string() + ":" + std::to_string(count) + ": " + error.what());
        }
    }
    if (one.title.empty() || !one.area || one.expect.empty() != (one.code == "healthy"))
        throw std::runtime_error(path.string() +
                                 ": a case needs a comment that says what happened, 'blocks' and 'expect'");
    return one;
}

std::vector<std::string> area_case_names()
{
    std::vector<std::string> names;
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(folder())) {
        if (entry.path().extension() == ".area")
            names.push_back((entry.path().parent_path().filename() / entry.path().stem()).string());
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace pgregion::test
