// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every case of tests/cases (see check_case.h) through the executable, as an operator would go on:
//
//   check ──► repair -p (on a copy) ──► repair -y ──► check ──► undo
//
// The healthy twin lacks the finding, the damaged image has exactly those that the case lists, after the repair no
// error is left and no device reaches what it did not reach before, and undo gives the same bytes.
#include "cli/command_test.h"
#include "support/check_case.h"

#include <filesystem>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

std::string test_name(const testing::TestParamInfo<std::string> &info)
{
    std::string name = info.param;
    std::ranges::replace_if(
        name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
    return name;
}

// ---- what commands say -------------------------------------------------------------------------------------

/// ` key=value` as a line `expect` has it; nothing where the finding has no such thing.
std::string field_of(const Json &finding, const std::string &key)
{
    const Json &value = finding.at(key);
    if (value.is_null())
        return "";
    return " " + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
}

std::string line_of(const Json &finding)
{
    std::string line = finding.at("code").get<std::string>() + " " + finding.at("severity").get<std::string>();
    for (const char *key : {"page", "index", "device", "pasid", "iova", "repair"})
        line += field_of(finding, key);
    return line + (finding.at("security").get<bool>() ? " security" : "");
}

/// The payload of a command's only result; an empty object, and a test failure, when there is none.
Json payload(const ProgramOutcome &outcome)
{
    const Json document = Json::parse(outcome.output, nullptr, false);
    if (document.is_discarded() || document.at("results").size() != 1) {
        ADD_FAILURE() << "no result: " << outcome.output << outcome.errors;
        return Json::object();
    }
    return document.at("results").at(0);
}

Strings lines_of(const ProgramOutcome &outcome)
{
    Strings lines;
    for (const Json &finding : payload(outcome).value("findings", Json::array()))
        lines.push_back(line_of(finding));
    return lines;
}

bool is_safe(const std::string &line) { return line.find(" repair=safe") != std::string::npos; }
bool is_error(const std::string &line) { return line.starts_with(code_of_line(line) + " error"); }
bool stays(const std::string &line) { return line.find(" repair=none") != std::string::npos; }

std::uint64_t address_in(const Json &row, const char *key)
{
    return std::stoull(row.at(key).get<std::string>(), nullptr, 16);
}

/// Whether every translation of `row` is one of `before`, for the same device and with no more access.
bool is_part_of(const Json &row, const Json &before)
{
    for (const char *key : {"device", "pasid", "unit"}) {
        if (row.at(key) != before.at(key))
            return false;
    }
    const std::uint64_t distance = address_in(row, "iova") - address_in(before, "iova");
    const std::uint64_t size = address_in(before, "size");
    const std::string allowed = before.at("access");
    return distance < size && address_in(row, "size") <= size - distance &&
           address_in(row, "pa") - address_in(before, "pa") == distance &&
           std::ranges::all_of(row.at("access").get<std::string>(),
                               [&](char letter) { return allowed.find(letter) != std::string::npos; });
}

void expect_nothing_new(const Json &after, const Json &before)
{
    for (const Json &row : after) {
        EXPECT_TRUE(std::ranges::any_of(before, [&](const Json &one) { return is_part_of(row, one); }))
            << "a translation that was not there before the repair: " << row;
    }
}

// ---- images ------------------------------------------------------------------------------------------------

/// As write_image, with holes for pages of zeros: there are many images, and they are mostly empty.
void write_sparse(const std::string &path, const Image &image)
{
    constexpr std::size_t kPage = 4096;
    std::ofstream file(path, std::ios::binary);
    for (std::size_t at = 0; at < image.size(); at += kPage) {
        const std::span page = std::span(image).subspan(at, std::min(kPage, image.size() - at));
        if (std::ranges::all_of(page, [](std::byte byte) { return byte == std::byte{0}; }))
            continue;
        file.seekp(static_cast<std::streamoff>(at));
        file.write(reinterpret_cast<const char *>(page.data()), static_cast<std::streamsize>(page.size()));
    }
    file.close();
    std::filesystem::resize_file(path, image.size());
}

bool holds(const std::string &path, const Image &image)
{
    if (std::filesystem::file_size(path) != image.size())
        return false;
    Image content(image.size());
    std::ifstream(path, std::ios::binary)
        .read(reinterpret_cast<char *>(content.data()), static_cast<std::streamsize>(content.size()));
    return content == image;
}

// ---- one case ----------------------------------------------------------------------------------------------

class Cases : public CommandTest, public testing::WithParamInterface<std::string>
{
protected:
    Cases() : case_(read_check_case(GetParam())), healthy_(read_healthy_image(case_.healthy))
    {
        for (const CheckCase::Piece &piece : case_.with)
            write_sparse(path(piece.healthy + ".img"), read_healthy_image(piece.healthy).bytes);
        healthy_.bytes.resize(case_.bytes);
        damaged_ = healthy_.bytes;
        damage(damaged_, case_);
    }

    /// `command IMAGE` with the options of the case.
    [[nodiscard]] ProgramOutcome run(const std::string &command, const std::string &image,
                                     const Strings &more = {}) const
    {
        Strings words{command, path(image), "--json"};
        const auto append = [&](const Strings &options) { words.insert(words.end(), options.begin(), options.end()); };
        append(case_.reading.empty() ? healthy_.options : case_.reading);
        for (const CheckCase::Piece &piece : case_.with)
            append({"--with", path(piece.healthy + ".img") + "@" + piece.address});
        append(case_.options);
        if (command == "check" || command == "repair")
            append(case_.check_options);
        append(more);
        return run_pgregion(words);
    }

    /// Rows under `key` of a listing; none where the tables cannot be listed.
    [[nodiscard]] Json rows(const std::string &command, const std::string &image, const char *key) const
    {
        const Json document = Json::parse(run(command, image).output, nullptr, false);
        if (document.is_discarded() || document.at("results").empty())
            return Json::array();
        return document.at("results").at(0).value(key, Json::array());
    }

    /// What of a damaged image a device can reach.
    struct Reach {
        Json mappings;       ///< of memory without a directory: those of its tables
        Strings unfiltered;  ///< devices whose requests pass the page tables
    };

    [[nodiscard]] Reach reach(const std::string &image) const
    {
        Reach reach{rows("mappings", image, "mappings"), {}};
        const bool has_devices =
            std::ranges::any_of(reach.mappings, [](const Json &row) { return !row.at("device").is_null(); });
        for (const Json &row : has_devices ? rows("devices", image, "devices") : Json::array()) {
            const std::string translation = row.at("translation");
            if (translation == "pass-through" || translation == "unprotected")
                reach.unfiltered.push_back(row.at("id").dump() + field_of(row, "pasid"));
        }
        return reach;
    }

    void expect_twin_lacks_it() const
    {
        write_sparse(path("healthy.img"), healthy_.bytes);
        for (const std::string &line : lines_of(run("check", "healthy.img")))
            EXPECT_NE(code_of_line(line), case_.code) << "in the healthy twin: " << line;
    }

    void expect_found() const
    {
        write_sparse(path("damaged.img"), damaged_);
        const ProgramOutcome outcome = run("check", "damaged.img");
        EXPECT_THAT(lines_of(outcome), testing::UnorderedElementsAreArray(case_.expect));
        EXPECT_EQ(outcome.status, std::ranges::any_of(case_.expect, is_error) ? 4 : 0) << outcome.errors;
    }

    void expect_safe_repair_is_safe() const
    {
        write_sparse(path("safe.img"), damaged_);
        const Json result = payload(run("repair", "safe.img", {"-p", "--no-undo"}));
        for (const Json &edit : result.value("plan", Json::array())) {
            const std::string code = edit.at("code");
            EXPECT_TRUE(std::ranges::any_of(
                case_.expect, [&](const std::string &line) { return code_of_line(line) == code && is_safe(line); }))
                << "-p repairs " << code;
        }
        if (std::ranges::none_of(case_.expect, is_safe)) {
            EXPECT_TRUE(holds(path("safe.img"), damaged_)) << "-p changed an image without a safe repair";
            return;
        }
        const Strings after = lines_of(run("check", "safe.img"));
        for (const std::string &line : case_.expect) {
            EXPECT_TRUE(stays(line) || std::ranges::count(after, line) == (is_safe(line) ? 0 : 1)) << line;
        }
    }

    void expect_repaired() const
    {
        const ProgramOutcome outcome = run("repair", "damaged.img", {"-y"});
        EXPECT_EQ(outcome.status, case_.repair_status) << outcome.output << outcome.errors;
        if (holds(path("damaged.img"), damaged_)) {
            EXPECT_TRUE(std::ranges::all_of(case_.expect, stays)) << "nothing was repaired";
            return;
        }
        expect_no_errors_left();
        write_sparse(path("before.img"), damaged_);
        const Reach before = reach("before.img");
        const Reach after = reach("damaged.img");
        expect_nothing_new(after.mappings, before.mappings);
        EXPECT_THAT(before.unfiltered, testing::IsSupersetOf(after.unfiltered));
    }

    void expect_no_errors_left() const
    {
        const Strings after = lines_of(run("check", "damaged.img"));
        for (const std::string &line : after) {
            const bool stayed = stays(line) && std::ranges::count(case_.expect, line) != 0;
            EXPECT_TRUE(stayed || case_.left.contains(code_of_line(line))) << "after the repair: " << line;
            EXPECT_TRUE(!is_error(line) || case_.repair_status == 4) << "after the repair: " << line;
        }
        for (const std::string &code : case_.left) {
            EXPECT_TRUE(std::ranges::any_of(after, [&](const auto &line) { return code_of_line(line) == code; }))
                << "not left: " << code;
        }
    }

    void expect_undone() const
    {
        if (!std::filesystem::exists(path("damaged.img.pgundo"))) {
            EXPECT_TRUE(holds(path("damaged.img"), damaged_)) << "changed, and no undo journal";
            return;
        }
        EXPECT_FALSE(holds(path("damaged.img"), damaged_));
        const ProgramOutcome outcome = run_pgregion({"undo", path("damaged.img")});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_TRUE(holds(path("damaged.img"), damaged_)) << "undo gives other bytes";
    }

    [[nodiscard]] const CheckCase &one() const { return case_; }

private:
    CheckCase case_;
    HealthyImage healthy_;
    Image damaged_;
};

TEST_P(Cases, IsFoundRepairedAndTakenBack)
{
    SCOPED_TRACE(one().title);
    EXPECT_TRUE(std::ranges::any_of(one().expect, [&](const auto &line) { return code_of_line(line) == one().code; }))
        << "the case does not expect the code of its folder";
    expect_twin_lacks_it();
    expect_found();
    expect_safe_repair_is_safe();
    expect_repaired();
    expect_undone();
}

INSTANTIATE_TEST_SUITE_P(All, Cases, testing::ValuesIn(check_case_names()), test_name);

class HealthyImages : public CommandTest, public testing::WithParamInterface<std::string>
{
};

TEST_P(HealthyImages, HaveNoFindings)
{
    const HealthyImage healthy = read_healthy_image(GetParam());
    write_sparse(path("healthy.img"), healthy.bytes);
    Strings words{"check", path("healthy.img"), "--json"};
    words.insert(words.end(), healthy.options.begin(), healthy.options.end());
    const ProgramOutcome outcome = run_pgregion(words);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(lines_of(outcome), Strings{});
}

INSTANTIATE_TEST_SUITE_P(All, HealthyImages, testing::ValuesIn(healthy_image_names()), test_name);

// ---- the form ----------------------------------------------------------------------------------------------

std::string refusal_of(const std::string &text)
{
    try {
        static_cast<void>(parse_check_case(text, "some.case"));
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "no error";
}

TEST(CheckCaseText, MalformedLinesAreRefusedWithTheirNumber)
{
    EXPECT_EQ(refusal_of("# t\nhealthy a\nexpect b error repair=none\n"), "no error");
    EXPECT_EQ(refusal_of("# t\nhealty a\n"), "some.case:2: unknown word 'healty'");
    EXPECT_EQ(refusal_of("page 1 word 512 0x1\n"), "some.case:1: malformed line 'page'");
    EXPECT_EQ(refusal_of("page 512 word 0 0x1\n"), "some.case:1: malformed line 'page'");
    EXPECT_EQ(refusal_of("page 1 word 0 0x1g\n"), "some.case:1: '0x1g' is no number");
    EXPECT_EQ(refusal_of("page 1 word 0 -1\n"), "some.case:1: '-1' is no number");
    EXPECT_EQ(refusal_of("bit 1 gone\n"), "some.case:1: malformed line 'bit'");
    EXPECT_EQ(refusal_of("# t\nhealthy a\n"),
              "some.case:2: a case needs a comment that says what happened, 'healthy' and 'expect'");
}

TEST(CheckCaseText, DamageChangesWordsAndBits)
{
    const CheckCase one = parse_check_case("# t\nhealthy a\nexpect b error repair=none\npage 1 words 2-3 0x10 step 8\n"
                                           "page 0 word 0 0x3\nbit 9 set\nbit 0 clear\n",
                                           "some.case");
    Image image(8192);
    damage(image, one);
    EXPECT_EQ(image[0], std::byte{2});
    EXPECT_EQ(image[1], std::byte{2});
    EXPECT_EQ(image[4096 + 16], std::byte{0x10});
    EXPECT_EQ(image[4096 + 24], std::byte{0x18});
    EXPECT_EQ(std::ranges::count(image, std::byte{0}), 8188);
}

}  // namespace

}  // namespace pgregion::test
