# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs the build to a new prefix and builds and runs the consumer against it.
#   cmake -D BUILD=… -D CONSUMER=… -D WORK=… -D CXX=… -D HOW=find_package|pkg-config -P run.cmake
# WORK is emptied first; nothing else is written.

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    message("${output}")
    if(NOT status EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "failed with ${status}: ${command}")
    endif()
endfunction()

set(prefix "${WORK}/prefix with a space")
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${prefix}")

if(HOW STREQUAL "find_package")
    run(${CMAKE_COMMAND} -S "${CONSUMER}" -B "${WORK}/build" -G Ninja "-DCMAKE_PREFIX_PATH=${prefix}"
        "-DCMAKE_CXX_COMPILER=${CXX}" -DCMAKE_BUILD_TYPE=Debug)
    run(${CMAKE_COMMAND} --build "${WORK}/build")
    run("${WORK}/build/consumer")
    return()
endif()

file(GLOB_RECURSE pc "${prefix}/*/pgregion.pc")
get_filename_component(pc_folder "${pc}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} "${pc_folder}")
execute_process(COMMAND pkg-config --cflags --libs pgregion
    OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${CXX} -std=c++20 "${CONSUMER}/consumer.cpp" -o "${WORK}/consumer" ${flags})
run("${WORK}/consumer")
