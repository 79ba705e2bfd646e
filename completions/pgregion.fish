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
            '*:--at' \
            '*:--inode' \
            '*:--file' \
            '*:--part' \
            '*:--unpack-limit' \
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
            'init:--undo' \
            'init:--undo-keep' \
            'alloc:--order' \
            'alloc:--count' \
            'alloc:--undo' \
            'alloc:--undo-keep' \
            'free:--undo' \
            'free:--undo-keep' \
            'root:--liveupdate' \
            'root:--undo' \
            'root:--undo-keep' \
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
            'check:--liveupdate' \
            'check:--fail-on' \
            'check:--only' \
            'check:--skip' \
            'check:--ram' \
            'check:--report' \
            'repair:--to' \
            'repair:--liveupdate' \
            'repair:--fail-on' \
            'repair:--only' \
            'repair:--skip' \
            'repair:--ram' \
            'repair:--undo' \
            'repair:--undo-keep' \
            'scan:--kind' \
            'scan:--align' \
            'scan:--min-score' \
            'scan:--limit' \
            'scan:--extract' \
            'area:--size' \
            'area:--fail-on' \
            'area:--only' \
            'area:--skip' \
            'handover:--fdt' \
            'handover:--fdt-file' \
            'map:--access' \
            'map:--page-size' \
            'map:--memory-type' \
            'map:--undo' \
            'map:--undo-keep' \
            'unmap:--undo' \
            'unmap:--undo-keep' \
            'restore:--undo' \
            'restore:--undo-keep' \
            'undo:--sequence' \
            'undo:--undo' \
            'undo:--undo-keep'
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
complete -c pgregion -s j -l jobs -x -d 'use at most N threads'
complete -c pgregion -s q -l quiet -d 'exit status only'
complete -c pgregion -s v -l verbose -d 'say more'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo' -l offset -x -d 'where in the source it begins, a multiple of 4K'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo' -l paddr -x -d 'physical address of that place'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo' -l at -x -d 'physical address in a dump, a live machine or a memory'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo' -l inode -x -d 'region of a pkernfs area, by inode number'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo' -l file -x -d 'region of a pkernfs area, by path: iommu/NAME'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo' -l part -r -F -d 'one more file of a dump that was split (repeatable)'
complete -c pgregion -n '__pgregion_may init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo' -l unpack-limit -x -d 'most that a compressed source may come to (default 16G)'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l format -x -a 'auto vtd-ss x86-64 amd-v1 arm-s1 arm-s2 riscv riscv-x4 vtd-root amd-devtab smmu-stream riscv-ddt' -d 'format of the tables; see pgregion formats'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l levels -x -d 'number of table levels, or auto'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l root -x -d 'root table: page:N or a physical address'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l paw -x -d 'physical address width of the host'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l param -x -d 'parameter of the format (repeatable)'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l with -r -F -d 'one more piece of the same memory (repeatable)'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l register -x -d 'root register as the hardware holds it (repeatable)'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l registers -r -F -d 'root registers out of FILE, lines of address: value'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l device -x -d 'one device of a directory: BDF or number'
complete -c pgregion -n '__pgregion_may free info page decode mappings translate devices check repair map unmap dump' -l pasid -x -d 'one PASID of the device; without it, requests without PASID'

complete -c pgregion -n __pgregion_needs_command -a init -d 'makes a region: zeros, with bit 0 set'
complete -c pgregion -n '__pgregion_in init' -l take-root -d 'take the root page as well (page 1)'
complete -c pgregion -n '__pgregion_in init' -l overwrite -d 'replace what the target holds'
complete -c pgregion -n '__pgregion_in init' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in init' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in init' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in init' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument init 1' -F

complete -c pgregion -n __pgregion_needs_command -a alloc -d 'allocates pages like the kernel: lowest first, all or nothing'
complete -c pgregion -n '__pgregion_in alloc' -l order -x -d '2^K pages that start at a multiple of 2^K (default 0)'
complete -c pgregion -n '__pgregion_in alloc' -l count -x -d 'N such runs, all or nothing (default 1)'
complete -c pgregion -n '__pgregion_in alloc' -l zero -d 'fill the pages with zeros (default)'
complete -c pgregion -n '__pgregion_in alloc' -l no-zero -d 'leave the pages as they are, as the kernel does'
complete -c pgregion -n '__pgregion_in alloc' -l open -d 'set bit 0 first where it is clear, as the kernel\'s open does'
complete -c pgregion -n '__pgregion_in alloc' -l allow-root -d 'hand page 1 out, too, while the root is not taken'
complete -c pgregion -n '__pgregion_in alloc' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in alloc' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in alloc' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in alloc' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument alloc 1' -F

complete -c pgregion -n __pgregion_needs_command -a free -d 'zeroes pages and clears their bits, unless a table points at them'
complete -c pgregion -n '__pgregion_in free' -l open -d 'set bit 0 first where it is clear, as the kernel\'s open does'
complete -c pgregion -n '__pgregion_in free' -l force-referenced -d 'free pages that a table points at, too'
complete -c pgregion -n '__pgregion_in free' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in free' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in free' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in free' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument free 1' -F

complete -c pgregion -n __pgregion_needs_command -a root -d 'takes the root page; refuses when its bit is not what a live update expects'
complete -c pgregion -n '__pgregion_in root' -l liveupdate -x -a 'yes no auto' -d 'the kernel starts for a live update: yes, no, or auto (its command line)'
complete -c pgregion -n '__pgregion_in root' -l open -d 'set bit 0 first where it is clear, as the kernel\'s open does'
complete -c pgregion -n '__pgregion_in root' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in root' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in root' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in root' -l live-write -d 'write even where a kernel may be using the memory'
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

complete -c pgregion -n __pgregion_needs_command -a check -d 'every check of regions and tables; changes nothing'
complete -c pgregion -n '__pgregion_in check' -l liveupdate -x -a 'yes no auto' -d 'compare the root-page bit, too: the kernel starts for a live update: yes, no, or auto (its command line)'
complete -c pgregion -n '__pgregion_in check' -l fail-on -x -a 'error warning info never' -d 'exit 4 for findings of this severity and above'
complete -c pgregion -n '__pgregion_in check' -l only -x -d 'these checks alone: codes, with commas between (repeatable)'
complete -c pgregion -n '__pgregion_in check' -l skip -x -d 'all checks but these (repeatable)'
complete -c pgregion -n '__pgregion_in check' -l ram -x -d 'where RAM is, FIRST-LAST or FIRST+SIZE (repeatable)'
complete -c pgregion -n '__pgregion_in check' -l report -x -a 'junit sarif' -d 'for other programs, instead of text: junit or sarif'
complete -c pgregion -n '__pgregion_in check' -F

complete -c pgregion -n __pgregion_needs_command -a repair -d 'repairs what check finds, after showing what it would change'
complete -c pgregion -n '__pgregion_in repair' -s n -l plan -d 'show the plan and change nothing'
complete -c pgregion -n '__pgregion_in repair' -s p -l safe -d 'safe repairs only'
complete -c pgregion -n '__pgregion_in repair' -s y -l yes -d 'all repairs'
complete -c pgregion -n '__pgregion_in repair' -l to -r -F -d 'write a repaired copy to FILE, which must not exist; SOURCE stays as it is'
complete -c pgregion -n '__pgregion_in repair' -l clear-reserved -d 'clear reserved bits that are set instead of the whole entry: it may begin to translate'
complete -c pgregion -n '__pgregion_in repair' -l liveupdate -x -a 'yes no auto' -d 'compare the root-page bit, too: the kernel starts for a live update: yes, no, or auto (its command line)'
complete -c pgregion -n '__pgregion_in repair' -l fail-on -x -a 'error warning info never' -d 'exit 4 for findings of this severity and above'
complete -c pgregion -n '__pgregion_in repair' -l only -x -d 'these checks alone: codes, with commas between (repeatable)'
complete -c pgregion -n '__pgregion_in repair' -l skip -x -d 'all checks but these (repeatable)'
complete -c pgregion -n '__pgregion_in repair' -l ram -x -d 'where RAM is, FIRST-LAST or FIRST+SIZE (repeatable)'
complete -c pgregion -n '__pgregion_in repair' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in repair' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in repair' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in repair' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument repair 1' -F

complete -c pgregion -n __pgregion_needs_command -a scan -d 'finds regions, areas, tables and directories in memory'
complete -c pgregion -n '__pgregion_in scan' -l kind -x -a 'region area directory page-table' -d 'look for region, area, directory or page-table alone (repeatable)'
complete -c pgregion -n '__pgregion_in scan' -l align -x -d 'regions and areas begin at multiples of SIZE (default 4K)'
complete -c pgregion -n '__pgregion_in scan' -l min-score -x -d 'leave out what scores less, 0 to 100'
complete -c pgregion -n '__pgregion_in scan' -l all -d 'page tables that a directory leads to, too'
complete -c pgregion -n '__pgregion_in scan' -l limit -x -d 'at most ROWS rows'
complete -c pgregion -n '__pgregion_in scan' -l extract -x -d 'write each region to a file in DIR'
complete -c pgregion -n '__pgregion_in scan' -F

complete -c pgregion -n __pgregion_needs_command -a area -d 'a pkernfs area: super block, inodes, files, regions'
complete -c pgregion -n '__pgregion_in area' -l check -d 'look for everything that is wrong in the area'
complete -c pgregion -n '__pgregion_in area' -l size -x -d 'size of the area, where it ends before the source does'
complete -c pgregion -n '__pgregion_in area' -l fail-on -x -a 'error warning info never' -d 'exit 4 for findings of this severity and above'
complete -c pgregion -n '__pgregion_in area' -l only -x -d 'these checks alone: codes, with commas between (repeatable)'
complete -c pgregion -n '__pgregion_in area' -l skip -x -d 'all checks but these (repeatable)'
complete -c pgregion -n '__pgregion_in area' -F

complete -c pgregion -n __pgregion_needs_command -a handover -d 'hand-over records of a live update down to the table roots'
complete -c pgregion -n '__pgregion_in handover' -l fdt -x -d 'physical address of the KHO FDT (default: searched for)'
complete -c pgregion -n '__pgregion_in handover' -l fdt-file -r -F -d 'a copy of the KHO FDT, as debugfs has it in kho/out/fdt'
complete -c pgregion -n '__pgregion_in handover' -F

complete -c pgregion -n __pgregion_needs_command -a map -d 'maps a range in a region\'s tables, all or nothing'
complete -c pgregion -n '__pgregion_in map' -l access -x -d 'what the device may do: letters of rwx (default rw)'
complete -c pgregion -n '__pgregion_in map' -l page-size -x -d 'pages of exactly this size (default: the largest that fit)'
complete -c pgregion -n '__pgregion_in map' -l memory-type -x -a 'normal non-cached device' -d 'normal (default), non-cached or device'
complete -c pgregion -n '__pgregion_in map' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in map' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in map' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in map' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument map 1' -F

complete -c pgregion -n __pgregion_needs_command -a unmap -d 'takes a range out of a region\'s tables'
complete -c pgregion -n '__pgregion_in unmap' -l free-empty -d 'give back tables that hold nothing any more'
complete -c pgregion -n '__pgregion_in unmap' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in unmap' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in unmap' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in unmap' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument unmap 1' -F

complete -c pgregion -n __pgregion_needs_command -a dump -d 'a region as text that can be read, reviewed and edited'
complete -c pgregion -n '__pgregion_argument dump 1' -F

complete -c pgregion -n __pgregion_needs_command -a restore -d 'makes the region that a text stands for'
complete -c pgregion -n '__pgregion_in restore' -l overwrite -d 'replace what the target holds'
complete -c pgregion -n '__pgregion_in restore' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in restore' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in restore' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in restore' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument restore 2' -F

complete -c pgregion -n __pgregion_needs_command -a undo -d 'takes the newest change of a source back'
complete -c pgregion -n '__pgregion_in undo' -l list -d 'list the changes, newest first, and change nothing'
complete -c pgregion -n '__pgregion_in undo' -s n -l dry-run -d 'show what would be changed back, and change nothing'
complete -c pgregion -n '__pgregion_in undo' -l finish -d 'complete a change that was cut short instead of taking it back'
complete -c pgregion -n '__pgregion_in undo' -l sequence -x -d 'take change N back instead of the newest, if its bytes are still there'
complete -c pgregion -n '__pgregion_in undo' -l undo -r -F -d 'undo journal (default: SOURCE.pgundo, for a device in the state folder)'
complete -c pgregion -n '__pgregion_in undo' -l undo-keep -x -d 'changes that the journal keeps (default 64)'
complete -c pgregion -n '__pgregion_in undo' -l no-undo -d 'keep no journal: the change cannot be taken back'
complete -c pgregion -n '__pgregion_in undo' -l live-write -d 'write even where a kernel may be using the memory'
complete -c pgregion -n '__pgregion_argument undo 1' -F

complete -c pgregion -n __pgregion_needs_command -a explain -d 'what the code of a finding means, and what to do'

complete -c pgregion -n __pgregion_needs_command -a formats -d 'the formats known, with their parameters'
