# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash completion for pgregion. Made by pgregion_completions from the command tree: change that instead.

# $1 is COMMAND:OPTION. Tells in $kind and $values what the option takes; fails if nothing.
_pgregion_value()
{
    kind='' values=''
    case $1 in
        *:-o | *:--output)
            kind=file
            ;;
        *:--color)
            kind=words values='auto always never'
            ;;
        *:--progress)
            kind=words values='auto always never'
            ;;
        *:-j | *:--jobs)
            kind=any
            ;;
        *:--offset)
            kind=any
            ;;
        *:--paddr)
            kind=any
            ;;
        *:--at)
            kind=any
            ;;
        *:--inode)
            kind=any
            ;;
        *:--file)
            kind=any
            ;;
        *:--part)
            kind=file
            ;;
        *:--unpack-limit)
            kind=any
            ;;
        *:--format)
            kind=words values='auto vtd-ss x86-64 amd-v1 arm-s1 arm-s2 riscv riscv-x4 vtd-root amd-devtab smmu-stream riscv-ddt'
            ;;
        *:--levels)
            kind=any
            ;;
        *:--root)
            kind=any
            ;;
        *:--paw)
            kind=any
            ;;
        *:--param)
            kind=any
            ;;
        *:--with)
            kind=file
            ;;
        *:--register)
            kind=any
            ;;
        *:--registers)
            kind=file
            ;;
        *:--device)
            kind=any
            ;;
        *:--pasid)
            kind=any
            ;;
        init:--undo)
            kind=file
            ;;
        init:--undo-keep)
            kind=any
            ;;
        alloc:--order)
            kind=any
            ;;
        alloc:--count)
            kind=any
            ;;
        alloc:--undo)
            kind=file
            ;;
        alloc:--undo-keep)
            kind=any
            ;;
        free:--undo)
            kind=file
            ;;
        free:--undo-keep)
            kind=any
            ;;
        root:--liveupdate)
            kind=words values='yes no auto'
            ;;
        root:--undo)
            kind=file
            ;;
        root:--undo-keep)
            kind=any
            ;;
        validate:--liveupdate)
            kind=words values='yes no auto'
            ;;
        bitmap:--as)
            kind=words values='grid ranges list hex binary'
            ;;
        page:--level)
            kind=any
            ;;
        decode:--max-level)
            kind=any
            ;;
        decode:--iova)
            kind=any
            ;;
        decode:--as)
            kind=words values='tree table intel-debugfs'
            ;;
        decode:--limit)
            kind=any
            ;;
        mappings:--iova)
            kind=any
            ;;
        mappings:--limit)
            kind=any
            ;;
        translate:--access)
            kind=words values='r w x'
            ;;
        devices:--limit)
            kind=any
            ;;
        check:--liveupdate)
            kind=words values='yes no auto'
            ;;
        check:--fail-on)
            kind=words values='error warning info never'
            ;;
        check:--only)
            kind=any
            ;;
        check:--skip)
            kind=any
            ;;
        check:--ram)
            kind=any
            ;;
        check:--report)
            kind=words values='junit sarif'
            ;;
        repair:--to)
            kind=file
            ;;
        repair:--liveupdate)
            kind=words values='yes no auto'
            ;;
        repair:--fail-on)
            kind=words values='error warning info never'
            ;;
        repair:--only)
            kind=any
            ;;
        repair:--skip)
            kind=any
            ;;
        repair:--ram)
            kind=any
            ;;
        repair:--undo)
            kind=file
            ;;
        repair:--undo-keep)
            kind=any
            ;;
        scan:--kind)
            kind=words values='region area directory page-table'
            ;;
        scan:--align)
            kind=any
            ;;
        scan:--min-score)
            kind=any
            ;;
        scan:--limit)
            kind=any
            ;;
        scan:--extract)
            kind=any
            ;;
        area:--size)
            kind=any
            ;;
        area:--fail-on)
            kind=words values='error warning info never'
            ;;
        area:--only)
            kind=any
            ;;
        area:--skip)
            kind=any
            ;;
        handover:--fdt)
            kind=any
            ;;
        handover:--fdt-file)
            kind=file
            ;;
        map:--access)
            kind=any
            ;;
        map:--page-size)
            kind=any
            ;;
        map:--memory-type)
            kind=words values='normal non-cached device'
            ;;
        map:--undo)
            kind=file
            ;;
        map:--undo-keep)
            kind=any
            ;;
        unmap:--undo)
            kind=file
            ;;
        unmap:--undo-keep)
            kind=any
            ;;
        restore:--undo)
            kind=file
            ;;
        restore:--undo-keep)
            kind=any
            ;;
        undo:--sequence)
            kind=any
            ;;
        undo:--undo)
            kind=file
            ;;
        undo:--undo-keep)
            kind=any
            ;;
        *) return 1 ;;
    esac
}

# Sets $options and $files (how many leading arguments are files) for the command $1; for no command yet
# $commands and all options. Fails for a command that there is not.
_pgregion_command()
{
    local global='-h --help -V --version --json --json-lines -o --output --color --progress -j --jobs -q --quiet -v --verbose'
    local source='--offset --paddr --at --inode --file --part --unpack-limit'
    local decoding='--format --levels --root --paw --param --with --register --registers --device --pasid'
    commands='init alloc free root validate info bitmap page decode mappings translate devices check repair scan area handover map unmap dump restore undo explain formats'
    files=0
    case $1 in
        '') options="$source $decoding $global" ;;
        init)
            options="--take-root --overwrite --undo --undo-keep --no-undo --live-write $source $global"
            files=1
            ;;
        alloc)
            options="--order --count --zero --no-zero --open --allow-root --undo --undo-keep --no-undo --live-write $source $global"
            files=1
            ;;
        free)
            options="--open --force-referenced --undo --undo-keep --no-undo --live-write $source $decoding $global"
            files=1
            ;;
        root)
            options="--liveupdate --open --undo --undo-keep --no-undo --live-write $source $global"
            files=1
            ;;
        validate)
            options="--liveupdate $source $global"
            files=all
            ;;
        info)
            options="$source $decoding $global"
            files=all
            ;;
        bitmap)
            options="--as $source $global"
            files=all
            ;;
        page)
            options="--hex --level $source $decoding $global"
            files=1
            ;;
        decode)
            options="--max-level --iova --every-entry --as --limit $source $decoding $global"
            files=all
            ;;
        mappings)
            options="--every-page --iova --limit $source $decoding $global"
            files=all
            ;;
        translate)
            options="--access $source $decoding $global"
            files=1
            ;;
        devices)
            options="--limit $source $decoding $global"
            files=all
            ;;
        check)
            options="--liveupdate --fail-on --only --skip --ram --report $source $decoding $global"
            files=all
            ;;
        repair)
            options="-n --plan -p --safe -y --yes --to --clear-reserved --liveupdate --fail-on --only --skip --ram --undo --undo-keep --no-undo --live-write $source $decoding $global"
            files=1
            ;;
        scan)
            options="--kind --align --min-score --all --limit --extract $source $global"
            files=all
            ;;
        area)
            options="--check --size --fail-on --only --skip $source $global"
            files=all
            ;;
        handover)
            options="--fdt --fdt-file $source $global"
            files=all
            ;;
        map)
            options="--access --page-size --memory-type --undo --undo-keep --no-undo --live-write $source $decoding $global"
            files=1
            ;;
        unmap)
            options="--free-empty --undo --undo-keep --no-undo --live-write $source $decoding $global"
            files=1
            ;;
        dump)
            options="$source $decoding $global"
            files=1
            ;;
        restore)
            options="--overwrite --undo --undo-keep --no-undo --live-write $source $global"
            files=2
            ;;
        undo)
            options="--list -n --dry-run --finish --sequence --undo --undo-keep --no-undo --live-write $source $global"
            files=1
            ;;
        explain)
            options="$global"
            files=0
            ;;
        formats)
            options="$global"
            files=0
            ;;
        *) return 1 ;;
    esac
}

_pgregion()
{
    local line=$COMP_LINE words=() word i
    COMPREPLY=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((${#words[@]} == 0)) || [[ $line == [[:blank:]]* || -z $line ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        line=${line#"$word"}
    done

    local command='' position=0 last=$((${#words[@]} - 1)) kind values
    for ((i = 1; i < last; i++)); do
        word=${words[i]}
        if [[ $word == -* ]]; then
            _pgregion_value "$command:$word" && ((i++))
        elif [[ -z $command ]]; then
            command=$word
        else
            ((position++))
        fi
    done

    word=${words[last]}
    local option='' value=$word
    if ((i > last)); then
        option=${words[last - 1]}
    elif [[ $word == --*=* ]]; then
        option=${word%%=*}
        value=${word#*=}
    fi
    if [[ -n $option ]]; then
        _pgregion_value "$command:$option" || return 0
        case $kind in
            words) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$value") ;;
            file) compopt -o default ;;
        esac
        return 0
    fi

    local commands options files
    _pgregion_command "$command" || return 0
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    elif [[ $files == all ]] || ((position < files)); then
        compopt -o default
    fi
    return 0
}

complete -F _pgregion pgregion
