// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is offered for a word that nobody knows, and where nothing is.
#include "cli/opening/nearest.h"

#include <array>

#include <gtest/gtest.h>

namespace pgregion::cli
{

namespace
{

using Words = std::vector<std::string_view>;

constexpr std::array<std::string_view, 8> kCommands{"mappings", "map",  "devices", "decode",
                                                    "repair",   "undo", "dump",    "validate"};

TEST(Nearest, OneSlipOfTheFingerForThreeLetters)
{
    EXPECT_EQ(nearest("devcies", kCommands), (Words{"devices"}));
    EXPECT_EQ(nearest("deviecs", kCommands), (Words{"devices"}));
    EXPECT_EQ(nearest("repare", kCommands), (Words{"repair"}));
    EXPECT_EQ(nearest("dmp", kCommands), (Words{"dump"}));
    EXPECT_EQ(nearest("vlaidate", kCommands), (Words{"validate"}));
    EXPECT_EQ(nearest("undoo", kCommands), (Words{"undo"}));
}

TEST(Nearest, WordsThatContainItComeFirst)
{
    EXPECT_EQ(nearest("map", kCommands), (Words{"mappings", "map"}));
    EXPECT_EQ(nearest("ping", kCommands), (Words{"mappings"}));
    EXPECT_EQ(nearest("de", kCommands), (Words{"devices", "decode"}));
    EXPECT_EQ(nearest("ic", kCommands), (Words{}));
}

TEST(Nearest, UpperAndLowerCaseAreOne)
{
    EXPECT_EQ(nearest("DEVICE", kCommands), (Words{"devices"}));
    EXPECT_EQ(nearest("rtadr", std::array<std::string_view, 2>{"RTADDR", "DDTP"}), (Words{"RTADDR"}));
}

TEST(Nearest, NothingIsBetterThanWhatIsNotMeant)
{
    for (const char *word : {"", "frobnicate", "xyz", "q", "\x1b[31m"})
        EXPECT_EQ(nearest(word, kCommands), Words{}) << word;
    EXPECT_EQ(nearest(std::string(65, 'm'), kCommands), Words{});
    EXPECT_EQ(nearest("map", {}), Words{});
}

TEST(Nearest, NoMoreThanAskedFor)
{
    EXPECT_EQ(nearest("map", kCommands, 1), (Words{"mappings"}));
    EXPECT_EQ(nearest("map", kCommands, 0), Words{});
}

TEST(Nearest, WordsAreJoinedAsASentenceNamesThem)
{
    EXPECT_EQ(joined_or({}), "");
    EXPECT_EQ(joined_or(Words{"rtaddr"}), "rtaddr");
    EXPECT_EQ(joined_or(Words{"rtaddr", "devtab"}), "rtaddr or devtab");
    EXPECT_EQ(joined_or(Words{"rtaddr", "devtab", "ddtp"}), "rtaddr, devtab or ddtp");
}

}  // namespace

}  // namespace pgregion::cli
