// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tests that ask the executable about the directories of directory_images.h.
#pragma once

#include "cli/command_test.h"
#include "cli/directory_images.h"

#include <nlohmann/json.hpp>

namespace pgregion::test
{

using Json = nlohmann::json;
using Words = std::vector<std::string>;

inline constexpr int kRefused = 4;
inline constexpr int kCannot = 8;
inline constexpr int kUsage = 16;

class DirectoryTest : public CommandTest
{
protected:
    /// A region of directory_images.h as a source.
    [[nodiscard]] std::string source(const TableImage &image) const
    {
        write_image(path("d.img"), image.bytes());
        return path("d.img") + "@0x1000000";
    }

    [[nodiscard]] static Words words(const Words &call, const Words &more)
    {
        Words all = call;
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    [[nodiscard]] static Json result(const Words &call, int status = 0)
    {
        const ProgramOutcome outcome = run_pgregion(words(call, {"--json"}));
        EXPECT_EQ(outcome.status, status) << outcome.errors;
        return Json::parse(outcome.output).at("results").at(0);
    }

    /// "id[-last] pasid unit translation format" of each device, with "*" behind what requests without PASID use.
    [[nodiscard]] static Words devices(const Words &call)
    {
        Words rows;
        const Json listed = result(call);
        for (const Json &row : listed.at("devices")) {
            const std::uint32_t last = row.at("last_id");
            rows.push_back(row.at("id").dump() + (row.at("id") == last ? "" : "-" + std::to_string(last)) + " " +
                           row.at("pasid").dump() + (row.at("rid_pasid") == true ? "*" : "") + " " +
                           row.at("unit").dump() + " " + row.at("translation").get<std::string>() + " " +
                           (row.at("format").is_null() ? "-" : row.at("format").get<std::string>()));
        }
        return rows;
    }

    /// "device pasid: iova pa size access" of each mapping.
    [[nodiscard]] static Words mappings(const Words &call)
    {
        Words rows;
        const Json listed = result(call);
        for (const Json &row : listed.at("mappings"))
            rows.push_back(row.at("device").get<std::string>() + " " + row.at("pasid").dump() + ": " +
                           row.at("iova").get<std::string>() + " " + row.at("pa").get<std::string>() + " " +
                           row.at("size").get<std::string>() + " " + row.at("access").get<std::string>());
        return rows;
    }

    /// The fault of one request, as "code name"; empty when it succeeds.
    [[nodiscard]] static std::string fault(const Words &call)
    {
        const ProgramOutcome outcome = run_pgregion(words(call, {"--json"}));
        const Json one = Json::parse(outcome.output).at("results").at(0).at("translations").at(0);
        EXPECT_EQ(outcome.status, one.at("fault").is_null() ? 0 : kRefused) << outcome.errors;
        if (one.at("fault").is_null())
            return "";
        return one.at("fault").at("code").get<std::string>() + " " + one.at("fault").at("name").get<std::string>();
    }

    const Words rtaddr_{"--register", "rtaddr=0x1001400"};
    const Words devtab_{"--register", "devtab=0x1001000"};
    const Words strtab_{"--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=0x6"};
    const Words ddtp_{"--register", "ddtp=0x400402", "--param", "ddt=extended"};
};

}  // namespace pgregion::test
