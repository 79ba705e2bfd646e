// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sources of the tree, for tests of its shape.
#pragma once

#include "support/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace pgregion
{

struct SourceFile {
    std::string path;  ///< relative to the project, with forward slashes
    std::string text;
};

/// Every .h and .cpp below the named folders of the project, sorted by path.
inline std::vector<SourceFile> source_files(const std::vector<std::string> &folders)
{
    namespace fs = std::filesystem;
    const fs::path root = test::source_tree();
    std::vector<SourceFile> files;
    for (const std::string &folder : folders) {
        for (const auto &entry : fs::recursive_directory_iterator(root / folder)) {
            const std::string extension = entry.path().extension().string();
            if (!entry.is_regular_file() || (extension != ".h" && extension != ".cpp"))
                continue;
            std::ifstream in(entry.path(), std::ios::binary);
            std::string text{std::istreambuf_iterator<char>(in), {}};
            files.push_back({entry.path().lexically_relative(root).generic_string(), std::move(text)});
        }
    }
    std::ranges::sort(files, {}, &SourceFile::path);
    return files;
}

}  // namespace pgregion
