# SPDX-License-Identifier: GPL-2.0-or-later
#
# The list of what tests know of each format (support/tested_formats.h), made of the files that are there: a new file in
# formats/ or directories/ needs no edit of a list. Each defines one struct that is called as the file is.
#
# Sets tested_format_sources, and tested_formats_include, where the list lies.

set(tested_formats_include "${CMAKE_CURRENT_BINARY_DIR}/generated")
set(tested_format_sources "")

# list_structs(FOLDER NAMESPACE TYPE LIST): appends the declarations and the array to `content`.
function(list_structs folder namespace type list)
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
    set(declared "")
    set(listed "")
    foreach(source IN LISTS sources)
        get_filename_component(name "${source}" NAME_WE)
        string(APPEND declared "extern const ${type} ${name};\n")
        string(APPEND listed "    &${namespace}::${name},\n")
    endforeach()
    list(LENGTH sources count)
    string(APPEND content "\nnamespace ${namespace}\n{\n${declared}}  // namespace ${namespace}\n\n"
        "inline constexpr std::array<const ${type} *, ${count}> ${list}{\n${listed}};\n")
    set(content "${content}" PARENT_SCOPE)
    set(tested_format_sources ${tested_format_sources} ${sources} PARENT_SCOPE)
endfunction()

set(content "// Made by tests/formats.cmake of the files in tests/formats and tests/directories.\n#pragma once\n\n"
    "#include \"support/tested_formats.h\"\n\n#include <array>\n\nnamespace pgregion::test\n{\n")
list(JOIN content "" content)
list_structs(formats tables TestedTable kTestedTables)
list_structs(directories directories TestedDirectory kTestedDirectories)
string(APPEND content "\n}  // namespace pgregion::test\n")
file(CONFIGURE OUTPUT "${tested_formats_include}/tested_formats_list.h" CONTENT "${content}" @ONLY)
