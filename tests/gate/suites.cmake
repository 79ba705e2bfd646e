# SPDX-License-Identifier: GPL-2.0-or-later
#
# Read by ctest before it runs: one entry for each suite of a gtest executable, so that a process serves all tests of a
# suite. A large suite is cut into shards, which run side by side.
#   name         what the entries begin with: NAME.SUITE
#   executable   of gtest
#   binary       the pgregion that its tests call
# A test that hangs or dies is the last one that the entry's output names; tests/gate/results.py says which.

set(tests_of_a_shard 40)

# add_entry(ENTRY SUITE SHARD SHARDS)
function(add_entry entry suite shard shards)
    add_test("${entry}" "${executable}" "--gtest_filter=${suite}.*" --gtest_color=no)
    set_tests_properties("${entry}" PROPERTIES TIMEOUT 900 ENVIRONMENT
        "PGREGION_BINARY=${binary};GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${shard}")
endfunction()

function(add_suite suite tests)
    if(tests EQUAL 0)
        return()
    endif()
    math(EXPR shards "(${tests} + ${tests_of_a_shard} - 1) / ${tests_of_a_shard}")
    if(shards EQUAL 1)
        add_entry("${name}.${suite}" "${suite}" 0 1)
        return()
    endif()
    foreach(shard RANGE 1 ${shards})
        math(EXPR index "${shard} - 1")
        add_entry("${name}.${suite}.${shard}" "${suite}" ${index} ${shards})
    endforeach()
endfunction()

function(add_suites)
    execute_process(COMMAND "${executable}" --gtest_list_tests
        RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        # It fails as a test does, with the reason in its output.
        add_test("${name}.NotBuilt" "${executable}" --gtest_list_tests)
        return()
    endif()
    string(REGEX REPLACE "[][;]" "_" output "${output}")  # what a list of CMake cannot hold; only parameters have it
    string(REPLACE "\n" ";" lines "${output}")
    set(suite "")
    set(tests 0)
    foreach(line IN LISTS lines)
        if(line MATCHES "^([A-Za-z0-9_/]+)\\.( |$)")
            set(next "${CMAKE_MATCH_1}")
            add_suite("${suite}" ${tests})
            set(suite "${next}")
            set(tests 0)
        elseif(line MATCHES "^  ")
            math(EXPR tests "${tests} + 1")
        endif()
    endforeach()
    add_suite("${suite}" ${tests})
endfunction()

add_suites()
