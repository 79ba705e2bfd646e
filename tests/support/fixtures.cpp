// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/fixtures.h"

#include "support/source_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace pgregion::test
{

namespace fs = std::filesystem;

namespace
{

constexpr std::size_t kMostBytes = std::size_t{512} << 20;
constexpr std::size_t kUsualBytes = std::size_t{128} << 20;

std::string quoted(const fs::path &path)
{
    std::string text = "'";
    for (const char c : path.string())
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

/// Hexadecimal, with or without "0x".
std::uint64_t hex(const std::string &text)
{
    const std::size_t start = text.starts_with("0x") ? 2 : 0;
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data() + start, text.data() + text.size(), value, 16);
    if (failed != std::errc{} || end != text.data() + text.size())
        throw std::runtime_error("not a hexadecimal number: " + text);
    return value;
}

std::vector<std::vector<std::string>> table_of(const std::string &text)
{
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.front() == '#')
            continue;
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, '\t');)
            cells.push_back(cell);
        rows.push_back(cells);
    }
    return rows;
}

/// "r-" and "-w" as "r" and "w".
std::string access_letters(const std::string &text)
{
    std::string letters = text;
    std::erase(letters, '-');
    return letters;
}

}  // namespace

fs::path fixture(const std::string &relative) { return fs::path(source_tree()) / "tests" / "fixtures" / relative; }

std::optional<fs::path> shared_fixture(const std::string &relative)
{
    const char *named = std::getenv("PGREGION_SHARED");
    const fs::path shared = named != nullptr ? fs::path(named) : fs::path(source_tree()).parent_path() / "shared";
    const fs::path file = shared / "fixtures" / relative;
    return fs::exists(file) ? std::optional(file) : std::nullopt;
}

namespace
{

std::vector<std::byte> unpack_anew(const fs::path &file)
{
    const std::string tool = file.extension() == ".xz" ? "xz" : "zstd -q";
    const std::string command = tool + " -dc " + quoted(file);
    struct Close {
        void operator()(FILE *pipe) const { pclose(pipe); }
    };
    std::unique_ptr<FILE, Close> pipe(popen(command.c_str(), "r"));
    if (!pipe)
        throw std::runtime_error("cannot run " + command);
    std::vector<std::byte> bytes;
    bytes.reserve(kUsualBytes);  // no page of it is touched before it is used
    std::vector<std::byte> block(std::size_t{1} << 20);
    while (const std::size_t got = std::fread(block.data(), 1, block.size(), pipe.get())) {
        bytes.insert(bytes.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(got));
        if (bytes.size() > kMostBytes)
            throw std::runtime_error(file.string() + " is larger than a fixture may be");
    }
    if (pclose(pipe.release()) != 0 || bytes.empty())
        throw std::runtime_error("cannot unpack " + file.string());
    return bytes;
}

}  // namespace

const std::vector<std::byte> &unpack(const fs::path &file)
{
    static std::map<fs::path, std::vector<std::byte>> cache;
    const auto known = cache.find(file);
    return known != cache.end() ? known->second : cache.emplace(file, unpack_anew(file)).first->second;
}

std::string unpack_text(const fs::path &file)
{
    const std::vector<std::byte> &bytes = unpack(file);
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::uint32_t device_id(const std::string &bdf)
{
    const std::string text = bdf.size() > 7 ? bdf.substr(5) : bdf;
    const std::uint64_t bus = hex(text.substr(0, 2));
    const std::uint64_t device = hex(text.substr(3, 2));
    const std::uint64_t function = hex(text.substr(6, 1));
    return static_cast<std::uint32_t>(bus << 8 | device << 3 | function);
}

std::vector<DeviceRow> read_devices(const fs::path &folder)
{
    std::vector<DeviceRow> devices;
    const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen((folder / "devices.tsv").c_str(), "r"), &std::fclose);
    if (!file)
        throw std::runtime_error("cannot open devices.tsv of " + folder.string());
    std::string text;
    std::array<char, 4096> block{};
    while (const std::size_t got = std::fread(block.data(), 1, block.size(), file.get()))
        text.append(block.data(), got);
    for (const auto &cells : table_of(text)) {
        devices.push_back({device_id(cells.at(0)), static_cast<std::uint32_t>(std::stoul(cells.at(2))), cells.at(3),
                           static_cast<unsigned>(std::stoul(cells.at(4))), hex(cells.at(5))});
    }
    return devices;
}

MapsOfDevices read_leaves(const fs::path &folder)
{
    MapsOfDevices maps;
    for (const auto &cells : table_of(unpack_text(folder / "leaves.tsv.zst")))
        maps[device_id(cells.at(0))].push_back(
            {hex(cells.at(3)), hex(cells.at(4)), hex(cells.at(5)), access_letters(cells.at(6))});
    return maps;
}

MapsOfDevices read_requested_maps(const fs::path &folder)
{
    MapsOfDevices maps;
    for (const auto &cells : table_of(unpack_text(folder / "kernel-maps.tsv.zst")))
        maps[device_id(cells.at(0))].push_back(
            {hex(cells.at(2)), hex(cells.at(3)), hex(cells.at(4)), access_letters(cells.at(5))});
    return maps;
}

KernelAccount read_kernel_account(const fs::path &folder)
{
    KernelAccount account;
    for (const auto &cells : table_of(unpack_text(folder / "kernel-iova-to-phys.txt.zst"))) {
        if (cells.at(0) == "DEV")
            account.domain_of_device[device_id(cells.at(1))] = cells.at(2);
        else if (cells.at(0) == "MAP")
            account.maps_of_domain[cells.at(1)].push_back({hex(cells.at(2)), hex(cells.at(3)), hex(cells.at(4)), ""});
        else if (cells.at(0) == "WIN")
            account.windows.push_back({hex(cells.at(1)), 0, hex(cells.at(2)) - hex(cells.at(1)), ""});
    }
    return account;
}

MapRows merged(MapRows rows)
{
    std::ranges::sort(rows);
    MapRows result;
    for (const MapRow &row : rows) {
        const bool goes_on = !result.empty() && result.back().iova + result.back().size == row.iova &&
                             result.back().pa + result.back().size == row.pa && result.back().access == row.access;
        if (goes_on)
            result.back().size += row.size;
        else
            result.push_back(row);
    }
    return result;
}

MapRows without_access(MapRows rows)
{
    for (MapRow &row : rows)
        row.access.clear();
    return rows;
}

MapRows inside(const std::vector<MapRow> &windows, const MapRows &rows)
{
    MapRows result;
    for (const MapRow &row : rows) {
        for (const MapRow &window : windows) {
            const std::uint64_t first = std::max(row.iova, window.iova);
            const std::uint64_t end = std::min(row.iova + row.size, window.iova + window.size);
            if (first < end)
                result.push_back({first, row.pa + (first - row.iova), end - first, row.access});
        }
    }
    return result;
}

RegionFixture read_region(unsigned number)
{
    const std::string start = "region" + std::string(number < 10 ? "0" : "") + std::to_string(number) + "@";
    for (const auto &entry : fs::directory_iterator(fixture("regions/copied-by-module"))) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(start))
            return {number, hex(name.substr(start.size(), name.find('.') - start.size())), unpack(entry.path())};
    }
    throw std::runtime_error("there is no fixture " + start);
}

void PrintTo(const DeviceRow &row, std::ostream *out)
{
    *out << std::hex << "{device 0x" << row.id << " domain " << std::dec << row.domain_id << ' ' << row.translation
         << ' ' << row.levels << std::hex << " 0x" << row.root << std::dec << '}';
}

void PrintTo(const MapRow &row, std::ostream *out)
{
    *out << std::hex << "{0x" << row.iova << " -> 0x" << row.pa << " size 0x" << row.size << std::dec << ' '
         << row.access << '}';
}

}  // namespace pgregion::test
