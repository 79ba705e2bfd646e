// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sound directories of tests/cases/healthy as something that checks and repairs can be run on directly.
#pragma once

#include "support/source_tree.h"

#include <pgregion/check.h>
#include <pgregion/edit.h>
#include <pgregion/text_form.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::test
{

/// The region of a text with the options that its comment gives.
class SoundDirectory
{
public:
    explicit SoundDirectory(const std::string &name)
    {
        const std::string path = test::source_tree() + "/tests/cases/healthy/" + name + ".pgtext";
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        if (text.str().find(kMark) == std::string::npos)
            throw std::runtime_error(path + ": no such text, or one that does not name its options");
        image = parse_text_form(text.str());
        read_options(text.str());
        memory.add(base, image);
        subject.memory = &memory;
        subject.memory_base = base;
        subject.region = {image, base};
        subject.units = {request};
    }
    SoundDirectory(const SoundDirectory &) = delete;
    SoundDirectory &operator=(const SoundDirectory &) = delete;

    std::vector<std::byte> image;
    PhysAddr base;
    DirectoryRequest request;
    PiecewiseMemory memory;
    CheckSubject subject;

private:
    static constexpr std::string_view kMark = "# options:";

    void read_options(const std::string &text)
    {
        const std::size_t at = text.find(kMark) + kMark.size();
        std::istringstream words(text.substr(at, text.find('\n', at) - at));
        std::vector<std::string> params;
        std::string levels;
        for (std::string key, value; words >> key >> value;) {
            if (key == "--format")
                request.format = find_directory_format(value);
            else if (key == "--paddr")
                base = PhysAddr(std::stoull(value, nullptr, 16));
            else if (key == "--levels")
                levels = value;
            else if (key == "--param")
                params.push_back(value);
        }
        if (request.format == nullptr)
            throw std::runtime_error("a sound directory is of a format that is not there");
        request.params = default_params(*request.format);
        if (!levels.empty())
            request.params.levels = static_cast<std::uint8_t>(std::stoul(levels));
        for (const std::string &param : params)
            set_parameter(request.params, request.format->parameters, param.substr(0, param.find('=')),
                          param.substr(param.find('=') + 1));
        request.root = base + kPageBytes;
    }
};

}  // namespace pgregion::test
