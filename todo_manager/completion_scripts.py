"""What of the completion scripts is the same for every verb; `completions.py` fills in `@NAMES@`.

What comes from the store is never evaluated by a shell: an id may hold anything, `$(…)` included. So
words are read line by line, and put down quoted.
"""

from __future__ import annotations

BASH = r"""
# Completion of todo_manager for bash: eval "$(todo_manager completion bash)"

# Takes the lines it reads as proposals, each up to its first tab.
_todo_manager_lines() {
    local line
    while IFS= read -r line; do
        line=${line%%$'\t'*}
        [[ -n $line && $line == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$line")")
    done
    return 0
}

_todo_manager_ask() {
    "$program" ${folder[@]+"${folder[@]}"} completion --list "$@" 2>/dev/null </dev/null
}

# Proposes words of one sort; the words of a choice follow it.
_todo_manager_propose() {
    local sort=$1
    shift
    case $sort in
        plan) _todo_manager_lines < <(_todo_manager_ask plans) ;;
        phase)
            compopt -o nosort 2>/dev/null
            _todo_manager_lines < <(_todo_manager_ask phases "$plan") ;;
        kind) _todo_manager_lines < <(_todo_manager_ask kinds) ;;
        file)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        folder)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        choice) _todo_manager_lines < <(printf '%s\n' "$@") ;;
    esac
}

_todo_manager() {
    local program=$1 cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local verb= plan= skip= word options= valued= IFS=$' \t\n'
    local -a folder=() words=()
    local i taken=0
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == [=:] ]]; then # where bash cuts a word, as in NAME=VALUE
            ((++i))
        elif [[ -n $skip ]]; then
            [[ $skip == -C ]] && folder=(-C "$word")
            skip=
        elif [[ -z $verb && $word != -* ]]; then
            verb=$word
            _todo_manager_verb "$verb"
        elif [[ $word == -C || $word == --actor || " $valued " == *" $word "* ]]; then
            skip=$word
        elif [[ $word != -* ]]; then
            ((taken == 0)) && plan=$word
            ((++taken))
        fi
    done
    if [[ -n $skip ]]; then
        [[ $skip == -C ]] && _todo_manager_propose folder || _todo_manager_value "$verb $skip"
    elif [[ -z $verb ]]; then
        _todo_manager_propose choice @VERBS@ @GENERAL@
    elif [[ $cur == -* ]]; then
        _todo_manager_propose choice $options
    elif ((${#words[@]})); then
        ((taken < ${#words[@]})) || { [[ ${words[-1]} == many\ * ]] && taken=-1; }
        ((taken < ${#words[@]})) && word=${words[taken]#many } && _todo_manager_propose $word
    fi
    return 0
}

# Sets the options of a verb, those that take a value, and its words.
_todo_manager_verb() {
    case $1 in
@TABLE@
    esac
}

_todo_manager_value() {
    case $1 in
@VALUES@
    esac
}

complete -F _todo_manager todo_manager
"""

ZSH = r"""
#compdef todo_manager
# Completion of todo_manager for zsh: eval "$(todo_manager completion zsh)" after compinit

_todo_manager_ask() {
    local line
    local -a found
    while IFS= read -r line; do
        found+=("${line%%$'\t'*}")
    done < <("$program" $folder completion --list "$@" 2>/dev/null </dev/null)
    compadd -V asked -- $found
}

# Proposes words of one sort; the words of a choice follow it.
_todo_manager_propose() {
    local sort=$1
    shift
    case $sort in
        plan) _todo_manager_ask plans ;;
        phase) _todo_manager_ask phases "$plan" ;;
        kind) _todo_manager_ask kinds ;;
        file) _files ;;
        folder) _files -/ ;;
        choice) compadd -- "$@" ;;
    esac
}

_todo_manager() {
    local program=$words[1] cur=$words[CURRENT] verb= plan= skip= word options= valued=
    local -a folder expected
    local i taken=0
    for ((i = 2; i < CURRENT; i++)); do
        word=${(Q)words[i]}
        if [[ -n $skip ]]; then
            [[ $skip == -C ]] && folder=(-C "$word")
            skip=
        elif [[ -z $verb && $word != -* ]]; then
            verb=$word
            _todo_manager_verb "$verb"
        elif [[ $word == -C || $word == --actor || " $valued " == *" $word "* ]]; then
            skip=$word
        elif [[ $word != -* ]]; then
            ((taken == 0)) && plan=$word
            ((++taken))
        fi
    done
    if [[ -n $skip ]]; then
        if [[ $skip == -C ]]; then _todo_manager_propose folder; else _todo_manager_value "$verb $skip"; fi
    elif [[ -z $verb ]]; then
        local -a described=(
@DESCRIBED@
        )
        if [[ $cur == -* ]]; then compadd -- @GENERAL@; else _describe verb described; fi
    elif [[ $cur == -* ]]; then
        compadd -- ${=options}
    elif (($#expected)); then
        if ((taken >= $#expected)) && [[ $expected[-1] == many\ * ]]; then taken=$(($#expected - 1)); fi
        if ((taken < $#expected)); then _todo_manager_propose ${=expected[taken + 1]#many }; fi
    fi
}

_todo_manager_verb() {
    case $1 in
@TABLE@
    esac
}

_todo_manager_value() {
    case $1 in
@VALUES@
    esac
}

if [[ $funcstack[1] == _todo_manager ]]; then _todo_manager "$@"; else compdef _todo_manager todo_manager; fi
"""

FISH = r"""
# Completion of todo_manager for fish: todo_manager completion fish | source

# The words typed so far that are no options and no values of options: the verb, then its own.
function __todo_manager_words
    set -l valued -C --actor @VALUED@
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word $valued
            set skip 1
        else if not string match -q -- '-*' $word
            printf '%s\n' $word
        end
    end
end

# Whether the verb is typed, and so many words after it; `more`: or any number above.
function __todo_manager_at -a verb count more
    set -l words (__todo_manager_words)
    test "$words[1]" = $verb; or return 1
    set -l after (math (count $words) - 1)
    test $after -eq $count; or test -n "$more" -a $after -ge $count
end

function __todo_manager_ask
    set -l folder
    set -l typed (commandline -opc)
    set -l place (contains -i -- -C $typed); and set folder -C $typed[(math $place + 1)]
    set -l words (__todo_manager_words)
    test $argv[1] = phases; and set -a argv -- $words[2]
    $typed[1] $folder completion --list (string match -v -- -- $argv) 2>/dev/null </dev/null
end

complete -c todo_manager -f
@LINES@
"""
