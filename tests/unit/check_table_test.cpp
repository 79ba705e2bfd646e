// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table that shows that no row of the specification was forgotten: each of D1 to D20 (region.md section 3) and
// PT01 to PT53 (iommu-formats.md section 9) has a check that names it as its origin, or stands here with the reason
// why there is none; each check stands here with its severity, and has a folder of cases.
#include "support/area_case.h"
#include "support/check_case.h"

#include <pgregion/check.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

namespace pgregion::test
{

namespace
{

constexpr auto kE = Severity::error;
constexpr auto kW = Severity::warning;
constexpr auto kI = Severity::info;

/// An id of the specification and a check that covers it. Several checks may share an id, and the other way round.
struct Covered {
    std::string_view id;
    std::string_view code;
    Severity severity;
    bool security = false;
};

constexpr bool kSecurity = true;

constexpr std::array kCovered{
    Covered{"D1", "enomem-address", kE},
    Covered{"D2", "free-page-not-zero", kW},
    Covered{"D3a", "page-lost-bit", kE},
    Covered{"D3b", "table-shared", kE},
    Covered{"D4", "page-leaked", kW},
    Covered{"D5", "root-bit-liveupdate", kE},
    Covered{"D6", "bitmap-bit-clear", kE},
    Covered{"D7", "bitmap-tail-set", kE},
    Covered{"D8", "root-region-shared", kI},
    Covered{"D9", "area-root-missing", kW},
    Covered{"D10", "area-kind-invalid", kE},
    Covered{"D10", "area-kind-mismatch", kE},
    Covered{"D10", "area-name-unterminated", kE},
    Covered{"D11", "area-block-outside", kE},
    Covered{"D11", "area-mappings-count", kE},
    Covered{"D12", "area-block-bit-clear", kE},
    Covered{"D13", "area-block-shared", kE},
    Covered{"D14", "area-block-orphan", kW},
    Covered{"D15", "area-inode-number", kE},
    Covered{"D15", "area-inode-cycle", kE},
    Covered{"D15", "area-free-inode-used", kE},
    Covered{"D16", "domain-id-shared", kE, kSecurity},
    Covered{"D17", "root-page-empty", kW},
    Covered{"D18", "table-outside-region", kE},
    Covered{"D19", "context-table-cleared", kI},
    Covered{"D20", "root-page-skipped", kW},
    Covered{"PT01", "reserved-bits", kE},
    Covered{"PT02", "not-present-data", kI},
    Covered{"PT03", "leaf-misaligned", kE},
    Covered{"PT04", "leaf-at-table-level", kE},
    Covered{"PT05", "table-at-leaf-level", kE},
    Covered{"PT06", "next-level-not-lower", kE},
    Covered{"PT07", "level-skipped", kI},
    Covered{"PT08", "leaf-size-invalid", kE},
    Covered{"PT09", "replicas-differ", kE},
    Covered{"PT10", "replicas-missing", kE},
    Covered{"PT11", "reserved-encoding", kE},
    Covered{"PT12", "table-outside-source", kW},
    Covered{"PT13", "table-garbage", kE},
    Covered{"PT14", "table-cycle", kE},
    Covered{"PT15", "table-at-two-levels", kE},
    Covered{"PT16", "table-shared", kE},
    Covered{"PT17", "table-linked-twice", kW},
    Covered{"PT18", "leaf-maps-tables", kE, kSecurity},
    Covered{"PT19", "leaf-reads-tables", kW},
    Covered{"PT20", "leaf-maps-directory", kE, kSecurity},
    Covered{"PT21", "large-leaf-covers-tables", kE, kSecurity},
    Covered{"PT22", "leaf-without-access", kW},
    Covered{"PT23", "table-narrows-access", kW},
    Covered{"PT24", "leaf-write-only", kI},
    Covered{"PT25", "dirty-not-writable", kI},
    Covered{"PT26", "address-beyond-width", kE},
    Covered{"PT27", "leaf-outside-ram", kW},
    Covered{"PT28", "leaf-targets-interrupts", kE},
    Covered{"PT29", "iova-in-interrupt-window", kW},
    Covered{"PT30", "address-in-ht-hole", kW},
    Covered{"PT31", "entry-beyond-width", kW},
    Covered{"PT32", "upper-half-mapped", kI},
    Covered{"PT33", "depth-mismatch", kE},
    Covered{"PT34", "root-misaligned", kE},
    Covered{"PT35", "directory-entry-invalid", kE},
    Covered{"PT36", "device-unprotected", kE, kSecurity},
    Covered{"PT36", "device-pass-through", kW},
    Covered{"PT37", "fault-reporting-off", kW},
    Covered{"PT38", "ats-enabled", kI},
    Covered{"PT39", "domain-id-shared", kE, kSecurity},
    Covered{"PT40", "root-levels-differ", kE},
    Covered{"PT42", "memory-shared", kW},
    Covered{"PT43", "memory-type-mixed", kW},
    Covered{"PT44", "ignored-bits-set", kI},
    Covered{"PT45", "table-empty", kI},
    Covered{"PT46", "table-orphan", kI},
    Covered{"PT47", "directory-entry-torn", kW},
    Covered{"PT48", "accessed-flag-clear", kW},
    Covered{"PT49", "user-bit-clear", kE},
    Covered{"PT50", "supervisor-only", kW},
    Covered{"PT51", "nested-parent-read-only", kW},
    Covered{"PT52", "leaf-512g", kW},
    Covered{"PT53", "fill-pattern", kE},
    // No rows of the two tables.
    Covered{"cli.md section 3", "format-undecided", kI},
    Covered{"region.md section 1", "table-on-bitmap", kE, kSecurity},
    Covered{"region.md section 1.2", "area-region-damaged", kE},
    Covered{"region.md section 2", "area-magic-lost", kE},
    Covered{"region.md section 2", "area-root-inode", kE},
    Covered{"region.md section 2", "area-child-of-file", kW},
    Covered{"region.md section 2", "area-name-invalid", kW},
    Covered{"region.md section 2", "area-name-duplicate", kE},
    Covered{"region.md section 2", "area-free-inode-data", kW},
    Covered{"region.md section 2", "area-inode-linked-twice", kE},
    Covered{"region.md section 2", "area-entry-free", kE},
    Covered{"region.md section 2", "area-inode-unreachable", kW},
    Covered{"region.md section 2", "area-inode-leaked", kW},
    Covered{"region.md section 2", "area-reserved-bit-clear", kE},
    Covered{"region.md section 2", "area-bit-outside", kE},
    Covered{"region.md section 2", "area-tail-set", kW},
};

struct NotCovered {
    std::string_view id;
    std::string_view reason;
};

constexpr std::array kNotCovered{
    NotCovered{"PT41", "cannot occur in a tree but by replicas that differ or are missing: PT09, PT10"},
};

/// D1 to D20, D3 as its two halves, and PT01 to PT53.
std::set<std::string> ids_of_specification()
{
    std::set<std::string> ids{"D3a", "D3b"};
    for (int i = 1; i <= 20; ++i)
        ids.insert("D" + std::to_string(i));
    ids.erase("D3");
    for (int i = 1; i <= 53; ++i)
        ids.insert((i < 10 ? "PT0" : "PT") + std::to_string(i));
    return ids;
}

std::set<std::string> origins_of(const Check &check)
{
    std::set<std::string> origins;
    std::istringstream words{std::string(check.origin)};
    for (std::string word; std::getline(words, word, ',');)
        origins.insert(word.substr(word.find_first_not_of(' ')));
    return origins;
}

bool is_kebab_case(std::string_view code)
{
    const auto allowed = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
    };
    return !code.empty() && std::ranges::all_of(code, allowed) && !code.starts_with('-') && !code.ends_with('-') &&
           code.find("--") == std::string_view::npos;
}

TEST(CheckTable, EveryRowOfTheSpecificationIsCoveredOrSaysWhyNot)
{
    std::set<std::string> known;
    for (const Covered &row : kCovered)
        known.emplace(row.id);
    for (const NotCovered &row : kNotCovered) {
        EXPECT_TRUE(known.emplace(row.id).second) << row.id << " is covered, and a reason says that it is not";
        EXPECT_FALSE(row.reason.empty()) << row.id;
    }
    std::erase_if(known, [](const std::string &id) { return id.find(".md") != std::string::npos; });
    EXPECT_EQ(known, ids_of_specification());
    EXPECT_EQ(known.size(), 74U);
}

TEST(CheckTable, ChecksNameTheirRowsAsOriginAndNoOthers)
{
    std::map<std::string_view, std::set<std::string>> ids;
    for (const Covered &row : kCovered)
        ids[row.code].emplace(row.id);
    for (const auto &[code, expected] : ids) {
        const Check *check = find_check(code);
        ASSERT_NE(check, nullptr) << code;
        EXPECT_EQ(origins_of(*check), expected) << code;
    }
}

TEST(CheckTable, EveryCheckStandsInTheTable)
{
    for (const Check *check : all_checks())
        EXPECT_NE(std::ranges::find(kCovered, check->code, &Covered::code), kCovered.end()) << check->code;
}

TEST(CheckTable, SeverityAndSecurityAreThoseOfTheTable)
{
    for (const Covered &row : kCovered) {
        const Check *check = find_check(row.code);
        ASSERT_NE(check, nullptr) << row.code;
        EXPECT_EQ(name(check->severity), name(row.severity)) << row.code;
        EXPECT_EQ(check->security, row.security) << row.code;
    }
}

TEST(CheckTable, CodesAreKebabCaseAndSortedAndUnique)
{
    std::string_view before;
    for (const Check *check : all_checks()) {
        EXPECT_TRUE(is_kebab_case(check->code)) << check->code;
        EXPECT_LT(before, check->code);
        EXPECT_EQ(find_check(check->code), check);
        before = check->code;
    }
    EXPECT_EQ(find_check("no-such-check"), nullptr);
    EXPECT_EQ(find_check(""), nullptr);
}

TEST(CheckTable, EveryCheckSaysWhatWhyAndWhatRepairDoes)
{
    for (const Check *check : all_checks()) {
        EXPECT_FALSE(check->title.empty()) << check->code;
        EXPECT_FALSE(check->title.ends_with('.')) << check->code;
        EXPECT_FALSE(check->message.empty()) << check->code;
        EXPECT_TRUE(check->why.ends_with('.')) << check->code;
        EXPECT_TRUE(check->repair.ends_with('.')) << check->code;
    }
}

TEST(CheckTable, EveryCheckHasAFolderOfCases)
{
    std::set<std::string> with_case;
    for (const std::string &case_name : check_case_names())
        with_case.insert(case_name.substr(0, case_name.find('/')));
    for (const std::string &case_name : area_case_names())
        with_case.insert(case_name.substr(0, case_name.find('/')));
    with_case.erase("healthy");
    std::set<std::string> codes;
    for (const Check *check : all_checks())
        codes.emplace(check->code);
    EXPECT_EQ(with_case, codes);
    const std::vector<std::string> folders = check_case_folders();
    EXPECT_EQ(std::set<std::string>(folders.begin(), folders.end()), codes) << "a folder without a case, or no code";
}

/// Rows whose meaning differs by format have cases of at least three formats.
TEST(CheckTable, ChecksThatDifferByFormatHaveCasesOfThreeFormats)
{
    std::map<std::string, std::set<std::string>> images;
    for (const std::string &case_name : check_case_names()) {
        const CheckCase one = read_check_case(case_name);
        images[one.code].insert(one.healthy);
    }
    for (const char *code :
         {"reserved-bits", "not-present-data", "leaf-misaligned", "leaf-at-table-level", "reserved-encoding",
          "replicas-differ", "replicas-missing", "leaf-maps-tables", "leaf-without-access", "supervisor-only",
          "directory-entry-invalid", "device-pass-through", "domain-id-shared"})
        EXPECT_GE(images[code].size(), 3U) << code;
}

}  // namespace

}  // namespace pgregion::test
