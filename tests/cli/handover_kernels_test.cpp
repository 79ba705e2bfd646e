// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hand-overs of real live updates of Linux 7.3 (tests/fixtures/handover-7.3), against what those kernels told of them.
#include "cli/command_test.h"
#include "support/fixtures.h"

#include <fstream>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{
namespace
{

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kNo = 4;
constexpr int kCannot = 8;

class HandoverOfKernels : public CommandTest
{
protected:
    [[nodiscard]] static std::string memory(const std::string &name)
    {
        return fixture("handover-7.3/" + name + ".elf.zst").string();
    }

    /// The result in JSON of a call that ends with `status`.
    [[nodiscard]] static json result_of(std::vector<std::string> call, int status)
    {
        call.insert(call.begin(), "handover");
        call.emplace_back("--json");
        const ProgramOutcome outcome = run_pgregion(call);
        EXPECT_EQ(outcome.status, status) << outcome.errors;
        return json::parse(outcome.output).at("results").at(0);
    }

    [[nodiscard]] static json records_of(const json &result, const std::string &kind)
    {
        json found = json::array();
        for (const json &record : result.at("records")) {
            if (record.at("kind") == kind)
                found.push_back(record);
        }
        return found;
    }

    [[nodiscard]] static std::vector<std::string> texts(const json &rows, const std::string &key)
    {
        std::vector<std::string> texts;
        for (const json &row : rows)
            texts.push_back(row.at(key));
        return texts;
    }
};

using testing::ElementsAre;

TEST_F(HandoverOfKernels, TheOldKernelsLastMomentIsAllPreserved)
{
    const json result = result_of({memory("r2-last-a")}, 0);
    EXPECT_EQ(result.at("fdt"), "0x1fd000");
    EXPECT_EQ(result.at("preserved"), true);
    EXPECT_EQ(result.at("preserved_pages"), 20325);
    EXPECT_THAT(texts(result.at("roots"), "paddr"), ElementsAre("0xe5e000", "0xe60000", "0xe64000"));
    EXPECT_EQ(records_of(result, "session").size(), 2U);
    EXPECT_EQ(records_of(result, "file").size(), 3U);
    EXPECT_EQ(records_of(result, "memfd").at(1).at("fields").at("size"), "0x4000000");
    EXPECT_EQ(records_of(result, "memfd").at(1).at("fields").at("pages"), 16384);
    EXPECT_EQ(records_of(result, "file").at(2).at("fields").at("token"), "0xfeedfacecafe0033");
    EXPECT_THAT(
        texts(records_of(result, "flb"), "version"),
        ElementsAre("iommu-liveupdate", "liveupdate-test-flb-v0", "liveupdate-test-flb-v1", "liveupdate-test-flb-v2"));
    const json reservation = records_of(result, "reservation").at(0);
    EXPECT_EQ(reservation.at("fields").at("name"), "pkregion");
    EXPECT_EQ(reservation.at("paddr"), "0xf000000");
    EXPECT_EQ(reservation.at("fields").at("size"), "0x200000");
    EXPECT_EQ(records_of(result, "kexec-metadata").at(0).at("fields").at("release"), "7.3.4-h3");
}

TEST_F(HandoverOfKernels, HandlersThatAreNotKnownAreNamed)
{
    const json result = result_of({memory("r2-last-a")}, 0);
    std::vector<std::string> unknown;
    for (const json &record : result.at("records")) {
        if (record.at("decoded") == false)
            unknown.push_back(record.at("version"));
    }
    EXPECT_THAT(unknown, ElementsAre("liveupdate-test-flb-v0", "liveupdate-test-flb-v1", "liveupdate-test-flb-v2",
                                     "kho-test-v1"));
}

TEST_F(HandoverOfKernels, PreservedMemoryIsThatOfTheKernelsAccount)
{
    const json result = result_of({memory("r2-last-a")}, 0);
    std::ifstream account(fixture("handover-7.3/r2-last-a.kept.txt"));
    json expected = json::array();
    std::string paddr;
    for (std::uint64_t bytes = 0; account >> paddr >> bytes;)
        expected.push_back({{"paddr", paddr}, {"bytes", bytes}});
    ASSERT_EQ(expected.size(), 65U);
    EXPECT_EQ(result.at("memory"), expected);

    ASSERT_EQ(result.at("orders").size(), 11U);
    EXPECT_EQ(result.at("orders").at(0), json::parse(R"({"order": 0, "keys": 17765})"));
    EXPECT_EQ(result.at("orders").at(10), json::parse(R"({"order": 10, "keys": 1})"));
}

TEST_F(HandoverOfKernels, TheFilesHaveThePagesThatTheirProcessesSaw)
{
    const json result = result_of({memory("r2-last-a")}, 0);
    std::vector<std::uint64_t> memfds;
    for (std::uint64_t i = 0; i < result.at("records").size(); ++i) {
        if (result.at("records").at(i).at("kind") == "memfd")
            memfds.push_back(i);
    }
    ASSERT_EQ(memfds.size(), 3U);
    const auto page_at = [&](std::uint64_t record, std::uint64_t index) {
        for (const json &run : result.at("pages")) {
            const std::uint64_t first = run.at("index");
            const std::uint64_t count = run.at("pages");
            if (run.at("record_index") == record && index >= first && index - first < count)
                return std::stoull(run.at("paddr").get<std::string>(), nullptr, 16) + (index - first) * 4096;
        }
        return 0ULL;
    };
    std::ifstream pagemap(fixture("handover-7.3/r2-last-a.pagemap.txt"));
    std::size_t file = 0;
    std::uint64_t index = 0;
    std::string paddr;
    std::size_t seen = 0;
    for (std::uint64_t pages = 0; pagemap >> file >> index >> paddr >> pages;) {
        const std::uint64_t first = std::stoull(paddr, nullptr, 16);
        EXPECT_EQ(page_at(memfds.at(file - 1), index), first) << file << ' ' << index;
        EXPECT_EQ(page_at(memfds.at(file - 1), index + pages - 1), first + (pages - 1) * 4096);
        ++seen;
    }
    EXPECT_EQ(seen, 28U);
}

TEST_F(HandoverOfKernels, LargePagesOfAFileAreOneFolioEach)
{
    const json result = result_of({memory("r3-last-a")}, kNo);
    const json memfds = records_of(result, "memfd");
    EXPECT_EQ(memfds.at(1).at("fields").at("folios"), 32);
    EXPECT_EQ(memfds.at(1).at("fields").at("pages"), 16384);
    EXPECT_EQ(result.at("preserved_pages"), 19745);
}

TEST_F(HandoverOfKernels, TheTableThatWasNotPreservedIsLost)
{
    const json result = result_of({memory("r3-last-a")}, kNo);
    EXPECT_EQ(result.at("preserved"), false);
    EXPECT_EQ(result.at("roots").at(2).at("paddr"), "0xe60000");
    EXPECT_EQ(result.at("roots").at(2).at("first_lost"), "0xe63000");
    EXPECT_EQ(result.at("problem_count"), 1);
}

TEST_F(HandoverOfKernels, BeforeTheKernelGoesDownNothingIsWrittenYet)
{
    const ProgramOutcome outcome = run_pgregion({"handover", memory("r2-a-preserved")});
    EXPECT_EQ(outcome.status, kNo);
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("sessions and FLBs are not written before the kernel goes down"),
                                      Not(HasSubstr("nothing of an IOMMU is handed over"))));
    EXPECT_THAT(outcome.errors, HasSubstr("lists neither sessions nor FLBs"));
    const json result = result_of({memory("r2-a-preserved")}, kNo);
    EXPECT_EQ(result.at("pending"), true);
    EXPECT_EQ(result.at("preserved"), nullptr);
    EXPECT_EQ(result.at("preserved_pages"), 20325);
}

TEST_F(HandoverOfKernels, ANewKernelHasTheIncomingAndItsOwn)
{
    const json result = result_of({memory("r2-b-before")}, kNo);
    EXPECT_EQ(result.at("fdt"), "0x1fd000");
    EXPECT_EQ(result.at("preserved"), nullptr);
    ASSERT_EQ(result.at("fdts").size(), 2U);
    const json &own = result.at("fdts").at(0);
    EXPECT_EQ(own.at("paddr"), "0x17e000");
    EXPECT_EQ(own.at("role"), "outgoing");
    EXPECT_EQ(own.at("liveupdate_number"), 2);
    EXPECT_EQ(own.at("kexec_count"), 2);
    EXPECT_EQ(own.at("tracker_consumed"), false);
    const json &incoming = result.at("fdts").at(1);
    EXPECT_EQ(incoming.at("role"), "incoming");
    EXPECT_EQ(incoming.at("kexec_count"), 1);
    EXPECT_EQ(incoming.at("tracker_consumed"), true);
    EXPECT_EQ(incoming.at("head_lost"), true);
    EXPECT_EQ(incoming.at("copies"), json::parse(R"(["0x81c2000"])"));
    const std::string text = run_pgregion({"handover", memory("r2-b-before")}).output;
    EXPECT_THAT(text, HasSubstr("KHO FDT 0x17e000  kho-v4  outgoing"));
    EXPECT_THAT(text, HasSubstr("--fdt 0x17e000\n"));
}

TEST_F(HandoverOfKernels, WithoutTheHeadOfLuoItsPagesAreFoundByTheirForm)
{
    const json result = result_of({memory("r2-b-before")}, kNo);
    EXPECT_EQ(records_of(result, "flb-page").at(0).at("paddr"), "0xdb2000");
    EXPECT_EQ(records_of(result, "flb-page").size(), 1U);
    EXPECT_EQ(records_of(result, "session-page").at(0).at("paddr"), "0xe2f000");
    EXPECT_EQ(records_of(result, "iommu-flb").at(0).at("paddr"), "0xe5a000");
    EXPECT_THAT(texts(result.at("roots"), "paddr"), ElementsAre("0xe5e000", "0xe60000", "0xe64000"));
    for (const json &root : result.at("roots"))
        EXPECT_EQ(root.at("preserved"), nullptr);
}

// Its root page was used for a program, whose words lead to pages that a bitmap could be read from.
TEST_F(HandoverOfKernels, AReusedTrackerIsNeverBelieved)
{
    const std::vector<std::vector<std::string>> calls{{memory("r3-b-before")},
                                                      {memory("r3-b-before"), "--fdt", "0x40b000"}};
    for (const auto &call : calls) {
        const json result = result_of(call, kNo);
        EXPECT_EQ(result.at("fdt"), "0x40b000");
        EXPECT_EQ(result.at("preserved"), nullptr);
        EXPECT_THAT(texts(result.at("problems"), "code"), testing::Contains("tracker-consumed"));
    }
}

TEST_F(HandoverOfKernels, TheFdtOfDebugfsIsAStartToo)
{
    const std::string whole = fixture("handover-7.3/kho-in-fdt").string();
    const json result = result_of({memory("r2-b-before"), "--fdt-file", whole}, kNo);
    EXPECT_EQ(result.at("fdt"), nullptr);
    EXPECT_EQ(records_of(result, "flb-page").at(0).at("paddr"), "0xdb2000");
    EXPECT_EQ(result_of({memory("r2-last-a"), "--fdt-file", whole}, 0).at("preserved"), true);
}

TEST_F(HandoverOfKernels, AnFdtThatWasCutShortIsNamedForWhatItIs)
{
    const std::string cut = fixture("handover-7.3/kho-out-fdt").string();
    expect_failure(run_pgregion({"handover", memory("r2-last-a"), "--fdt-file", cut}), kCannot,
                   {"kho-out-fdt (--fdt-file)", "holds 233 of the 405 bytes it claims", "kho/in/fdt"});
}

}  // namespace
}  // namespace pgregion::test
