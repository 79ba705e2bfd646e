# SPDX-License-Identifier: GPL-2.0-or-later
#
# fish completion for pgregion. Made by pgregion_completions from the command tree: change that instead.

# Whether the option takes a value; $argv[1] is COMMAND:OPTION.
function __pgregion_takes_value
    switch $argv[1]
        case \
            '*:-o' \
            '*:--output' \
            '*:--color' \
            '*:--progress' \
            '*:-j' \
            '*:--jobs' \
            '*:--offset' \
            '*:--paddr' \
            '*:--format' \
            '*:--levels' \
            '*:--root' \
            '*:--paw' \
            '*:--param' \
            '*:--with' \
            '*:--register' \
            '*:--registers' \
            '*:--device' \
            '*:--pasid' \
            'alloc:--order' \
            'alloc:--count' \
            'root:--liveupdate' \
            'validate:--liveupdate' \
            'bitmap:--as' \
            'page:--level' \
            'decode:--max-level' \
            'decode:--iova' \
            'decode:--as' \
            'decode:--limit' \
            'mappings:--iova' \
            'mappings:--limit' \
            'translate:--access' \
            'devices:--limit' \
            'map:--access' \
            'map:--page-size' \
            'map:--memory-type'
            return 0
    end
    return 1
end

# The command and its arguments so far, without options and their values.
function __pgregion_words
    set -l command
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
        else if string match -q -- '-*' $word
            __pgregion_takes_value "$command:$word"; and set is_value 1
        else
            test -n "$command"; or set command $word
            echo $word
        end
    end
end

function __pgregion_needs_command
    test (count (__pgregion_words)) -eq 0
end

# Whether the command is one of $argv.
function __pgregion_in
    set -l words (__pgregion_words)
    test (count $words) -gt 0; and contains -- $words[1] $argv
end

# Whether an option for the commands $argv may be meant: they may also stand before the command.
function __pgregion_may
    __pgregion_needs_command; or __pgregion_in $argv
end

# Whether the command is $argv[1] and less than $argv[2] of its arguments are there.
function __pgregion_argument
    __pgregion_in $argv[1]; and test (count (__pgregion_words)) -le $argv[2]
end

complete -c pgregion -f

# Options that several commands share.
complete -c pgregion -s h -l help -d 'this text'
complete -c pgregion -s V -l version -d 'version; with --json also schema and formats'
complete -c pgregion -l json -d 'one JSON document'
complete -c pgregion -l json-lines -d 'one JSON object per record and line'
complete -c pgregion -s o -l output -r -F -d 'write to FILE, whole or not at all'
complete -c pgregion -l color -x -a 'auto always never' -d 'colours: auto, always or never'
complete -c pgregion -l progress -x -a 'auto always never' -d 'progress on standard error: auto, always or never'
complete -c pgregion -s j -l jobs -x -d 'work on N sources at once'
complete -c pgregion -s q -l quiet -d 'exit status only'
complete -c pgregion -s v -l verbose -d 'say more'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices map unmap dump restore' -l offset -x -d 'where in the source it begins, a multiple of 4K'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices map unmap dump restore' -l paddr -x -d 'physical address of that place'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l format -x -a 'auto vtd-ss x86-64 amd-v1 arm-s1 arm-s2 riscv riscv-x4 vtd-root amd-devtab smmu-stream riscv-ddt' -d 'format of the tables; see pgregion formats'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l levels -x -d 'number of table levels, or auto'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l root -x -d 'root table: page:N or a physical address'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l paw -x -d 'physical address width of the host'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l param -x -d 'parameter of the format (repeatable)'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l with -r -F -d 'one more piece of the same memory (repeatable)'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l register -x -d 'root register as the hardware holds it (repeatable)'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l registers -r -F -d 'root registers out of FILE, lines of address: value'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l device -x -d 'one device of a directory: BDF or number'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices map unmap dump' -l pasid -x -d 'one PASID of the device; without it, requests without PASID'

complete -c pgregion -n __pgregion_needs_command -a init -d 'makes a region: zeros, with bit 0 set'
complete -c pgregion -n '__pgregion_in init' -l take-root -d 'take the root page as well (page 1)'
complete -c pgregion -n '__pgregion_in init' -l overwrite -d 'replace what the target holds'
complete -c pgregion -n '__pgregion_argument init 1' -F

complete -c pgregion -n __pgregion_needs_command -a alloc -d 'allocates pages like the kernel: lowest first, all or nothing'
complete -c pgregion -n '__pgregion_in alloc' -l order -x -d '2^K pages that start at a multiple of 2^K (default 0)'
complete -c pgregion -n '__pgregion_in alloc' -l count -x -d 'N such runs, all or nothing (default 1)'
complete -c pgregion -n '__pgregion_in alloc' -l zero -d 'fill the pages with zeros (default)'
complete -c pgregion -n '__pgregion_in alloc' -l no-zero -d 'leave the pages as they are, as the kernel does'
complete -c pgregion -n '__pgregion_in alloc' -l open -d 'set bit 0 first where it is clear, as the kernel\'s open does'
complete -c pgregion -n '__pgregion_in alloc' -l allow-root -d 'hand page 1 out, too, while the root is not taken'
complete -c pgregion -n '__pgregion_argument alloc 1' -F

complete -c pgregion -n __pgregion_needs_command -a free -d 'zeroes pages and clears their bits, unless a table points at them'
complete -c pgregion -n '__pgregion_in free' -l open -d 'set bit 0 first where it is clear, as the kernel\'s open does'
complete -c pgregion -n '__pgregion_in free' -l force-referenced -d 'free pages that a table points at, too'
complete -c pgregion -n '__pgregion_argument free 1' -F

complete -c pgregion -n __pgregion_needs_command -a root -d 'takes the root page; refuses when its bit is not what a live update expects'
complete -c pgregion -n '__pgregion_in root' -l liveupdate -x -a 'yes no auto' -d 'the kernel starts for a live update: yes, no, or auto (its command line)'
complete -c pgregion -n '__pgregion_in root' -l open -d 'set bit 0 first where it is clear, as the kernel\'s open does'
complete -c pgregion -n '__pgregion_argument root 1' -F

complete -c pgregion -n __pgregion_needs_command -a validate -d 'compares the root-page bit with the expected state'
complete -c pgregion -n '__pgregion_in validate' -l liveupdate -x -a 'yes no auto' -d 'the kernel starts for a live update: yes, no, or auto (its command line)'
complete -c pgregion -n '__pgregion_in validate' -F

complete -c pgregion -n __pgregion_needs_command -a info -d 'what a region is: state, counts, format, base, what to run next'
complete -c pgregion -n '__pgregion_in info' -F

complete -c pgregion -n __pgregion_needs_command -a bitmap -d 'which pages are allocated'
complete -c pgregion -n '__pgregion_in bitmap' -l as -x -a 'grid ranges list hex binary' -d 'form: grid (default), ranges, list, hex (words) or binary (page 0 first)'
complete -c pgregion -n '__pgregion_in bitmap' -F

complete -c pgregion -n __pgregion_needs_command -a page -d 'one page, entry by entry with every field'
complete -c pgregion -n '__pgregion_in page' -l hex -d 'bytes instead of entries'
complete -c pgregion -n '__pgregion_in page' -l level -x -d 'read it as a table of this level, whatever leads to it'
complete -c pgregion -n '__pgregion_argument page 1' -F

complete -c pgregion -n __pgregion_needs_command -a decode -d 'the tables as a tree, every level'
complete -c pgregion -n '__pgregion_in decode' -l max-level -x -d 'show N levels of page tables, the root being the first'
complete -c pgregion -n '__pgregion_in decode' -l iova -x -d 'only what touches FIRST-LAST or FIRST+SIZE'
complete -c pgregion -n '__pgregion_in decode' -l every-entry -d 'one line per entry instead of runs of alike leaves'
complete -c pgregion -n '__pgregion_in decode' -l as -x -a 'tree table intel-debugfs' -d 'form: tree (default), table, or intel-debugfs as the kernel prints VT-d tables'
complete -c pgregion -n '__pgregion_in decode' -l limit -x -d 'at most ROWS rows'
complete -c pgregion -n '__pgregion_in decode' -F

complete -c pgregion -n __pgregion_needs_command -a mappings -d 'IOVA to PA, merged where contiguous and alike'
complete -c pgregion -n '__pgregion_in mappings' -l every-page -d 'one row per leaf instead of merged ranges'
complete -c pgregion -n '__pgregion_in mappings' -l iova -x -d 'only what touches FIRST-LAST or FIRST+SIZE'
complete -c pgregion -n '__pgregion_in mappings' -l limit -x -d 'at most ROWS rows'
complete -c pgregion -n '__pgregion_in mappings' -F

complete -c pgregion -n __pgregion_needs_command -a translate -d 'where IOVAs go, with the walk and the fault'
complete -c pgregion -n '__pgregion_in translate' -l access -x -a 'r w x' -d 'kind of request: r (default), w or x'
complete -c pgregion -n '__pgregion_argument translate 1' -F

complete -c pgregion -n __pgregion_needs_command -a devices -d 'the devices of a directory and how they are translated'
complete -c pgregion -n '__pgregion_in devices' -l limit -x -d 'at most ROWS rows'
complete -c pgregion -n '__pgregion_in devices' -F

complete -c pgregion -n __pgregion_needs_command -a map -d 'maps a range in a region\'s tables, all or nothing'
complete -c pgregion -n '__pgregion_in map' -l access -x -d 'what the device may do: letters of rwx (default rw)'
complete -c pgregion -n '__pgregion_in map' -l page-size -x -d 'pages of exactly this size (default: the largest that fit)'
complete -c pgregion -n '__pgregion_in map' -l memory-type -x -a 'normal non-cached device' -d 'normal (default), non-cached or device'
complete -c pgregion -n '__pgregion_argument map 1' -F

complete -c pgregion -n __pgregion_needs_command -a unmap -d 'takes a range out of a region\'s tables'
complete -c pgregion -n '__pgregion_in unmap' -l free-empty -d 'give back tables that hold nothing any more'
complete -c pgregion -n '__pgregion_argument unmap 1' -F

complete -c pgregion -n __pgregion_needs_command -a dump -d 'a region as text that can be read, reviewed and edited'
complete -c pgregion -n '__pgregion_argument dump 1' -F

complete -c pgregion -n __pgregion_needs_command -a restore -d 'makes the region that a text stands for'
complete -c pgregion -n '__pgregion_in restore' -l overwrite -d 'replace what the target holds'
complete -c pgregion -n '__pgregion_argument restore 2' -F

complete -c pgregion -n __pgregion_needs_command -a formats -d 'the formats known, with their parameters'
