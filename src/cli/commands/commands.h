// SPDX-License-Identifier: GPL-2.0-or-later
//
// The makers of all commands, one per file in src/cli/commands.
#pragma once

#include "cli/session/command.h"

#include <memory>

namespace pgregion::cli
{

std::unique_ptr<Command> make_alloc();
std::unique_ptr<Command> make_area();
std::unique_ptr<Command> make_bitmap();
std::unique_ptr<Command> make_check();
std::unique_ptr<Command> make_decode();
std::unique_ptr<Command> make_devices();
std::unique_ptr<Command> make_dump();
std::unique_ptr<Command> make_explain();
std::unique_ptr<Command> make_formats();
std::unique_ptr<Command> make_free();
std::unique_ptr<Command> make_handover();
std::unique_ptr<Command> make_info();
std::unique_ptr<Command> make_init();
std::unique_ptr<Command> make_map();
std::unique_ptr<Command> make_mappings();
std::unique_ptr<Command> make_page();
std::unique_ptr<Command> make_repair();
std::unique_ptr<Command> make_restore();
std::unique_ptr<Command> make_root();
std::unique_ptr<Command> make_scan();
std::unique_ptr<Command> make_translate();
std::unique_ptr<Command> make_undo();
std::unique_ptr<Command> make_unmap();
std::unique_ptr<Command> make_validate();

}  // namespace pgregion::cli
