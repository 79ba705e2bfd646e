// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/parameters.h"

#include "cli/opening/numbers.h"

#include <pgregion/error.h>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

std::size_t apply_param(FormatParams &params, std::span<const ParameterSpec> specs, const std::string &param)
{
    const std::size_t equals = param.find('=');
    if (equals == std::string::npos)
        throw Error(Failure::usage, "bad-parameter", "--param takes KEY=VALUE, not '" + param + "'",
                    "`pgregion formats` lists the parameters of every format");
    return set_parameter(params, specs, param.substr(0, equals), param.substr(equals + 1));
}

}  // namespace

std::uint32_t apply_params(FormatParams &params, std::span<const ParameterSpec> specs, std::uint8_t max_paw,
                           const DecodingOptions &options)
{
    std::uint32_t given = 0;
    for (const std::string &param : options.params)
        given |= std::uint32_t{1} << apply_param(params, specs, param);
    if (options.paw.empty())
        return given;
    constexpr std::uint64_t kLeastPaw = 32;
    const std::uint64_t paw = require_number(options.paw, "--paw");
    if (paw < kLeastPaw || paw > max_paw)
        throw Error(Failure::usage, "bad-paw", fmt::format("--paw takes {} to {}, not {}", kLeastPaw, max_paw, paw),
                    "give the physical address width of the host that wrote the tables");
    params.paw_bits = static_cast<std::uint8_t>(paw);
    return given;
}

}  // namespace pgregion::cli
