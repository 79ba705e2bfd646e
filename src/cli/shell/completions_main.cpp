// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion_completions FOLDER: writes the completion files into the folder. A tool of the build, not installed.
#include "cli/shell/completions.h"
#include "io/output.h"

#include <pgregion/error.h>

#include <cstdio>
#include <cstdlib>

namespace
{

void write_file(const std::string &path, const std::string &text)
{
    pgregion::io::OutputFile file(path);
    file.write(text);
    file.finish();
}

}  // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        static_cast<void>(std::fputs("usage: pgregion_completions FOLDER\n", stderr));
        return EXIT_FAILURE;
    }
    try {
        const std::string folder = argv[1];
        const pgregion::cli::CommandTree tree;
        write_file(folder + "/pgregion.bash", pgregion::cli::bash_completion(tree));
        write_file(folder + "/_pgregion", pgregion::cli::zsh_completion(tree));
        write_file(folder + "/pgregion.fish", pgregion::cli::fish_completion(tree));
    } catch (const std::exception &error) {
        static_cast<void>(std::fprintf(stderr, "pgregion_completions: %s\n", error.what()));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
