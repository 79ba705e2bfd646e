// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion_generate SOURCE BUILD: writes what is made from the tables of the commands into the build directory, the
// completions of the shells and the JSON schema. A tool of the build, not installed.
#include "cli/shell/completions.h"
#include "cli/shell/json_schema.h"
#include "io/output.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace
{

using namespace pgregion;

std::string content_of(const std::filesystem::path &path)
{
    constexpr std::size_t kLimit = 1 << 20;
    return io::read_small_file(path.string(), kLimit);
}

void write_file(const std::filesystem::path &path, const std::string &text)
{
    io::OutputFile file(path.string());
    file.write(text);
    file.finish();
}

void write_completions(const std::filesystem::path &source, const std::filesystem::path &build)
{
    const cli::CommandTree tree;
    const cli::CompletionModel model = cli::completion_model(tree);
    std::filesystem::create_directories(build / "completions");
    for (const cli::CompletionFile &file : cli::completion_files()) {
        const std::string text = content_of(source / "completions" / (std::string(file.name) + ".in"));
        write_file(build / "completions" / file.name, cli::filled_in(text, file.tables(model)));
    }
}

void write_schema(const std::filesystem::path &source, const std::filesystem::path &build)
{
    cli::SchemaParts parts;
    for (const auto &entry : std::filesystem::directory_iterator(source / cli::kSchemaFolder)) {
        if (entry.path().extension() == ".json")
            parts.emplace(entry.path().stem().string(), content_of(entry.path()));
    }
    std::vector<std::string> commands;
    for (const cli::CommandRow *row : cli::command_rows())
        commands.emplace_back(row->name);
    write_file(build / "pgregion.schema.json", cli::json_schema(parts, commands));
}

int fail(const char *why)
{
    static_cast<void>(std::fprintf(stderr, "pgregion_generate: %s\n", why));
    return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char **argv)
{
    if (argc != 3)
        return fail("usage: pgregion_generate SOURCE BUILD");
    try {
        write_completions(argv[1], argv[2]);
        write_schema(argv[1], argv[2]);
    } catch (const std::exception &error) {
        return fail(error.what());
    }
    return EXIT_SUCCESS;
}
