// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/check_case.h"

#include "support/source_tree.h"

#include <pgregion/text_form.h>

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

constexpr std::size_t kPage = 4096;
constexpr std::size_t kWord = 8;

fs::path cases_folder() { return fs::path(source_tree()) / "tests" / "cases"; }

std::string content_of(const fs::path &path)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Names of what `folder` holds with this extension, without it, sorted.
std::vector<std::string> names_in(const fs::path &folder, const std::string &extension)
{
    std::vector<std::string> names;
    for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == extension)
            names.push_back(entry.path().stem().string());
    }
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> words_of(const std::string &line)
{
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

std::string joined(const std::vector<std::string> &words, std::size_t from)
{
    std::string line;
    for (std::size_t i = from; i < words.size(); ++i)
        line += (i == from ? "" : " ") + words[i];
    return line;
}

/// Reads the lines of one case.
class Reader
{
public:
    Reader(std::string path, CheckCase &one) : path_(std::move(path)), case_(one) {}

    void line(const std::string &text)
    {
        ++number_;
        words_ = words_of(text);
        if (words_.empty())
            return;
        if (words_[0] == "#")
            take_title(text);
        else if (!take_image() && !take_damage() && !take_outcome())
            fail("unknown word '" + words_[0] + "'");
    }

    void finish() const
    {
        if (case_.title.empty() || case_.healthy.empty() || case_.expect.empty())
            fail("a case needs a comment that says what happened, 'healthy' and 'expect'");
    }

private:
    [[noreturn]] void fail(const std::string &what) const
    {
        throw std::runtime_error(path_ + ":" + std::to_string(number_) + ": " + what);
    }

    void need(bool holds) const
    {
        if (!holds)
            fail("malformed line '" + words_[0] + "'");
    }

    [[nodiscard]] std::uint64_t number(const std::string &text) const
    {
        std::size_t used = 0;
        std::uint64_t value = 0;
        try {
            value = std::stoull(text, &used, text.starts_with("0x") ? 16 : 10);
        } catch (const std::logic_error &) {
            used = 0;
        }
        if (used != text.size() || text.empty() || text[0] == '-')
            fail("'" + text + "' is no number");
        return value;
    }

    void take_title(const std::string &text)
    {
        if (case_.title.empty())
            case_.title = text.substr(text.find('#') + 1);
    }

    bool take_image()
    {
        const std::string &key = words_[0];
        if (key == "healthy") {
            need(words_.size() == 2 && case_.healthy.empty());
            case_.healthy = words_[1];
        } else if (key == "bytes") {
            need(words_.size() == 2);
            case_.bytes = number(words_[1]);
        } else if (key == "with") {
            need(words_.size() == 3);
            case_.with.push_back({words_[1], words_[2]});
        } else if (key == "reading") {
            case_.reading.assign(words_.begin() + 1, words_.end());
        } else if (key == "options") {
            case_.options.insert(case_.options.end(), words_.begin() + 1, words_.end());
        } else if (key == "check") {
            case_.check_options.insert(case_.check_options.end(), words_.begin() + 1, words_.end());
        } else {
            return false;
        }
        return true;
    }

    bool take_damage()
    {
        if (words_[0] == "bit") {
            need(words_.size() == 3 && (words_[2] == "set" || words_[2] == "clear"));
            case_.bits.push_back({number(words_[1]), words_[2] == "set"});
            return true;
        }
        if (words_[0] != "page")
            return false;
        const bool has_step = words_.size() == 7 && words_[5] == "step";
        need((words_.size() == 5 || has_step) && (words_[2] == "word" || words_[2] == "words"));
        CheckCase::Words words{.page = number(words_[1]), .value = number(words_[4])};
        const std::size_t hyphen = words_[3].find('-');
        words.first = number(words_[3].substr(0, hyphen));
        words.last = hyphen == std::string::npos ? words.first : number(words_[3].substr(hyphen + 1));
        if (has_step)
            words.step = number(words_[6]);
        need(words.first <= words.last && words.last < kPage / kWord && (words.page + 1) * kPage <= case_.bytes);
        case_.words.push_back(words);
        return true;
    }

    bool take_outcome()
    {
        if (words_[0] == "expect") {
            need(words_.size() >= 4);
            case_.expect.push_back(joined(words_, 1));
        } else if (words_[0] == "left") {
            need(words_.size() == 2);
            case_.left.insert(words_[1]);
        } else if (words_[0] == "repair") {
            need(words_.size() == 2);
            case_.repair_status = static_cast<int>(number(words_[1]));
        } else {
            return false;
        }
        return true;
    }

    std::string path_;
    CheckCase &case_;
    std::size_t number_ = 0;
    std::vector<std::string> words_;
};

void store(std::vector<std::byte> &image, std::size_t offset, std::uint64_t value)
{
    for (std::size_t i = 0; i < kWord; ++i)
        image.at(offset + i) = static_cast<std::byte>(value >> (8 * i));
}

}  // namespace

std::string code_of_line(const std::string &expected) { return expected.substr(0, expected.find(' ')); }

CheckCase parse_check_case(const std::string &text, const std::string &path)
{
    CheckCase one;
    Reader reader(path, one);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        reader.line(line);
    reader.finish();
    return one;
}

CheckCase read_check_case(const std::string &name)
{
    const fs::path path = cases_folder() / (name + ".case");
    CheckCase one = parse_check_case(content_of(path), path.string());
    one.code = path.parent_path().filename().string();
    return one;
}

std::vector<std::string> check_case_folders()
{
    std::vector<std::string> folders;
    for (const fs::directory_entry &entry : fs::directory_iterator(cases_folder())) {
        if (entry.path().filename() != "healthy")
            folders.push_back(entry.path().filename().string());
    }
    std::ranges::sort(folders);
    return folders;
}

std::vector<std::string> check_case_names()
{
    std::vector<std::string> names;
    for (const std::string &code : check_case_folders()) {
        for (const std::string &name : names_in(cases_folder() / code, ".case"))
            names.push_back((fs::path(code) / name).string());
    }
    return names;
}

HealthyImage read_healthy_image(const std::string &name)
{
    const std::string text = content_of(cases_folder() / "healthy" / (name + ".pgtext"));
    constexpr std::string_view kKey = "# options: ";
    const std::size_t at = text.find(kKey);
    if (at == std::string::npos)
        throw std::runtime_error("healthy image " + name + " does not name its options");
    const std::size_t begin = at + kKey.size();
    return {parse_text_form(text), words_of(text.substr(begin, text.find('\n', begin) - begin))};
}

std::vector<std::string> healthy_image_names() { return names_in(cases_folder() / "healthy", ".pgtext"); }

void damage(std::vector<std::byte> &image, const CheckCase &one)
{
    for (const CheckCase::Words &words : one.words) {
        for (std::size_t i = words.first; i <= words.last; ++i)
            store(image, words.page * kPage + i * kWord, words.value + (i - words.first) * words.step);
    }
    for (const CheckCase::Bit &bit : one.bits) {
        const std::byte mask = std::byte{1} << (bit.page % 8);
        std::byte &byte = image.at(bit.page / 8);
        byte = bit.set ? byte | mask : byte & ~mask;
    }
}

}  // namespace pgregion::test
